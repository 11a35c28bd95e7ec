/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine from the inside: what its parts ask of one another.  What each has is in parts.h; the volume that they
 * make up, and what all of them need, in inside.h.
 *
 *   attach.c   a volume's beginning and end      load.c     its disk and metadata, before they are its
 *   detach.c   a disk that is no longer used     reattach.c  and one that comes meanwhile
 *   behind.c   that it lacks what clients were told
 *   keep.c     metadata while it is in use: super block, bitmap pages, activity log
 *   request.c  what exports ask for               write.c     a client's write, here and at the peer
 *   tlog.c     writes that the peer may lose      flush.c     a client's flush
 *   seek.c     the peer's two sockets             link.c      a connection, from greeting to end
 *   packets.c  what may come when
 *   greet.c    features, challenge, protocol      meet.c      identifiers, states
 *   sizes.c    sizes
 *   asked.c    changes of state, asked for here   answer.c    and by the peer
 *   change.c   whether they may be                carry_out.c  and what each does
 *   state.c    state and generation
 *   fence.c    a Primary without its peer         history.c   what has happened
 *   reconfigure.c  other options
 *   far.c      reads from the peer                serve.c    those of the peer's clients
 *   redo.c     writes that only a lost peer had
 *   pwrite.c   the peer's writes                  pepoch.c   in its epochs
 *   exchange.c the bitmaps                       keep_flags.c  what the super block says of the state
 *   source.c   resync, giving                     target.c    resync, taking
 *   target_begin.c  and how that begins
 *   holder.c   who has it open                    map.c       where its storage is
 *   pread.c    blocks that the peer asks for      csum.c      those that are perhaps equal
 *   thin.c     those that are all zeroes
 *   resize.c   a larger size, agreed on          grow.c     and taken on
 *   verify.c   disks compared, asking             verify_serve.c  and answering
 *   pacer.c    resync and verify beside clients (pace.c, window.c decide)
 *
 * Everything is owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_PRIVATE_H
#define MIRROR_ENGINE_PRIVATE_H

#include "mirror/engine/inside.h"

/* ---- attach.c ---- */

/* attach_take_over() - The disk becomes the volume's; v->attached_as.  0, or -errno: @x is dropped. */
int attach_take_over(struct volume *v, struct loaded *x);

/* attach_al_extents() - How many the activity log is to have. */
uint32_t attach_al_extents(const struct volume *v);

/* ---- grow.c, resize.c ---- */

void grow_init(struct volume *v);
void grow_free(struct volume *v);

/*
 * grow() - Have the volume @sectors, and metadata at @to; @clean: both sides' new parts count as equal.  Nothing is read
 * from the peer until resize_grown() has been told.
 */
void grow(struct volume *v, const struct md_layout *to, uint64_t sectors, bool clean);

/* resize_begin() - STATE_OK: change_resized() will be told; or why not. */
int resize_begin(struct volume *v, const struct volume_resize *w);

/* resize_sizes() - The peer, connected, asks for another size or has it. */
void resize_sizes(struct volume *v, const struct wire_sizes *s);

/* resize_follow() - The peer that is met is larger: become so, and meet it again.  False: there is no room. */
bool resize_follow(struct volume *v);

/* resize_grown() - It is over; @result: enum state_result. */
void resize_grown(struct volume *v, int result);

/* ---- detach.c ---- */

void detach_init(struct volume *v);
void detach_free(struct volume *v);

/* detach_timeout() - The disk, or config.disk_timeout_ms, is another. */
void detach_timeout(struct volume *v);

/* detach() - It works, and is to be let go; change_detached() is told. */
void detach(struct volume *v);

/* detach_behind() - The disk that was let go lacks what somebody is about to be told. */
void detach_behind(struct volume *v);

/* detach_release() - Close a disk that has failed.  Whether there was one. */
bool detach_release(struct volume *v);

/* disk_returned() - For struct disk_file: nothing is in flight. */
void disk_returned(struct disk_file *d);

/* ---- behind.c ---- */

void behind_load(struct volume *v);
void behind_free(struct volume *v);

/* behind_record() - A disk with generation @uuid is behind.  behind_forget() - None is. */
void behind_record(struct volume *v, uint64_t uuid);
void behind_forget(struct volume *v);

/* behind_is_pending() - It is not on stable storage yet: nobody may be told of what follows from it. */
bool behind_is_pending(const struct volume *v);

/* behind_is() - Whether a disk with generation @uuid is. */
bool behind_is(const struct volume *v, uint64_t uuid);

/* ---- reattach.c ---- */

void reattach_init(struct volume *v);
void reattach_free(struct volume *v);

/* attach() - Load the disk; change_attached() is told. */
void attach(struct volume *v);

/*
 * attach_may_alone() - Whether what was attached can be used without asking the peer; else it is said why not.
 * attach_alone() - It is: @s is changed so.
 */
bool attach_may_alone(struct volume *v);
void attach_alone(struct volume *v, struct drbd_state *s);

/* ---- keep.c, keep_flags.c ---- */

int keep_init(struct volume *v);
void keep_free(struct volume *v);

/*
 * keep_flags() - What the super block is to say of the state: enum md_flags.
 * keep_compose() - v->super, as it is to be now.  Its flags.
 */
uint32_t keep_flags(const struct volume *v);
uint32_t keep_compose(struct volume *v);

/* keep_actlog() - Somebody wants an extent to be hot. */
void keep_actlog(struct volume *v);

/* ---- request.c ---- */

void requests_init(struct volume *v);

/* data_is_reachable() - Whether a Primary in state @s can read everything, here or at the peer. */
bool data_is_reachable(const struct drbd_state *s);

/* request_again() - @r was begun, and nobody has it: it is begun anew when there is data again. */
void request_again(struct volume *v, struct request *r);

/* requests_abandon() - Nobody waits for those that have to wait. */
void requests_abandon(struct volume *v);

/* request_tell() - @r is over; its client hears of it when v->tell_at is durable, if @wait. */
void request_tell(struct volume *v, struct request *r, int result, bool wait);

/* read_over() - The data of @r is there. */
void read_over(struct volume *v, struct request *r);

/* request_refuse() - @r is over before it began; its client hears of it at the end of this turn. */
void request_refuse(struct volume *v, struct request *r, int why);

/* requests_tell() - What has become durable. */
void requests_tell(struct volume *v);

/* requests_thaw() - Begin and tell what had to wait, if nothing has it wait any more. */
void requests_thaw(struct volume *v);

/* ---- fence.c ---- */

void fence_init(struct volume *v);
void fence_free(struct volume *v);

/* fence_look() - The state has changed. */
void fence_look(struct volume *v);

/* fence_freezes() - Whether clients have to wait in state @next. */
bool fence_freezes(const struct volume *v, const struct drbd_state *next);

/* fence_promotes() - A promotion needs the peer outdated; change_fenced() is told, perhaps from inside. */
void fence_promotes(struct volume *v);

/* ---- map.c ---- */

void map_begin(struct volume *v, struct request *r);

/* ---- redo.c ---- */

/* redo_add() - @w, whose client was told, was at the peer alone: it is sent again when the peer is back. */
void redo_add(struct write *w);
/* redo_forget() - Nobody misses them. */
void redo_forget(struct volume *v);

/* ---- far.c ---- */

void far_init(struct volume *v);
/* far_read() - @r is read from the peer. */
void far_read(struct volume *v, struct request *r);
/* far_drop() - The connection is gone. */
void far_drop(struct volume *v);
void *far_room(struct volume *v, const struct wire_packet *p);
void far_forget(struct volume *v, const struct wire_packet *p);

/* ---- write.c, tlog.c, flush.c ---- */

void write_begin(struct volume *v, struct request *r);
void writes_al_retry(struct volume *v);
void write_acked(struct write *w, enum remote remote);
/* write_left() - The peer is gone, or has lost it: it is out of sync. */
void write_left(struct write *w);
void write_confirmed(struct write *w);

int tlog_init(struct volume *v);
void tlog_free(struct volume *v);
/* tlog_order() - @w is about to be sent: behind a barrier, where the peer could otherwise write it before an older one. */
void tlog_order(struct volume *v, const struct write *w);
/* tlog_add() - @w joins the open epoch; tlog_sent() once its packet is queued. */
void tlog_add(struct volume *v, struct write *w);
void tlog_sent(struct volume *v);
/* tlog_id() - What the peer is to echo.  tlog_find() - NULL: no such write. */
uint64_t tlog_id(const struct write *w);
struct write *tlog_find(struct volume *v, uint64_t id, uint64_t sector, uint32_t bytes);
void tlog_close(struct volume *v);
/* tlog_cool() - The activity log is gone.  tlog_note() - The peer may not have what it has not confirmed. */
void tlog_cool(struct volume *v);
void tlog_note(struct volume *v);
/* tlog_full() - It can take no more until something is confirmed. */
bool tlog_full(const struct volume *v);
/* tlog_open_handle() - Of the epoch that is open. */
uint32_t tlog_open_handle(struct volume *v);
/* tlog_confirmed() - Whether every epoch before @handle is on the peer's disk, or the peer gone. */
bool tlog_confirmed(struct volume *v, uint32_t handle);
int tlog_ack(struct volume *v, const struct wire_barrier *b);
void tlog_drop(struct volume *v);

void flush_begin(struct volume *v, struct request *r);
void flushes_check(struct volume *v);
/* flushes_again() - The peer, which had to say that it is done, is gone. */
void flushes_again(struct volume *v);

/* ---- reconfigure.c ---- */

/* reconfigure_connection() - A connection begins: what waited for it is taken. */
void reconfigure_connection(struct volume *v);

/* ---- seek.c ---- */

/* seek_start() - Make two sockets; link_found() is told.  seek_stop() - Do not. */
int seek_start(struct volume *v);
void seek_stop(struct volume *v);

/* ---- secure.c ---- */

/* secure_first() - Whether what comes first at @fd, accepted, is as is configured.  0, -EAGAIN, or -errno: shut it. */
int secure_first(struct volume *v, int fd);
/* secure_begin() - TLS on @c, if it is configured; @came: it was accepted.  0 or -errno. */
int secure_begin(struct volume *v, struct channel *c, bool came);
/* secure_go_on() - 0: packets may go; -EAGAIN: when poll(2) sees tls_events(); else the log says why not. */
int secure_go_on(struct volume *v, struct channel *c, bool came);

/* ---- link.c ---- */

void link_init(struct volume *v);
void link_seek(struct volume *v);
void link_found(struct volume *v, struct channel data, struct channel meta, bool tie_break);
void link_phase(struct volume *v, enum link_phase phase);

/* link_mute() - The peer is told nothing that depends on what behind.c is still to record. */
void link_mute(struct volume *v);

/* Handlers of packets: 0, or -errno: the connection ends. */
typedef int handler(struct volume *v, const struct wire_packet *p, void *bulk);
struct packet_row {
	uint16_t command;
	uint32_t phases; /* PHASE() */
	handler *handle;
};

/* packet_row() - Who takes @command on @socket; NULL: nobody. */
const struct packet_row *packet_row(enum wire_socket socket, uint16_t command);

handler greet_features, greet_challenge, greet_response, greet_protocol;
handler meet_sync_param, meet_sizes, meet_uuids, meet_state;
handler answer_volume, answer_connection, change_reply;
handler tlog_barrier_ack, write_ack, write_neg_ack;
handler pwrite_data, pwrite_zeroes, pwrite_barrier, pwrite_out_of_sync;
handler exchange_plain, exchange_code, exchange_sync_uuid;
handler source_request, source_csum, source_ack;
handler target_reply, target_refused, csum_in_sync;
handler thin_request, thin_zeroes;
handler verify_request, verify_reply, verify_result;
handler far_reply, far_refused, serve_request;

/* sizes_fit() - Whether both have the same size; else the connection ends, and a next one may find it so. */
bool sizes_fit(struct volume *v, const struct drbd_state *peer);

/* meet_peer_disk() - What follows from the peer's disk being @is, where it was @was. */
void meet_peer_disk(struct volume *v, enum disk was, enum disk is);

/* greet_begin() - Ours is the first packet as well as the peer's. */
void greet_begin(struct volume *v);

void *pwrite_room(struct volume *v, const struct wire_packet *p);
void *target_room(struct volume *v, const struct wire_packet *p);

/* ---- pause.c ---- */

/* sync_is_paused() - Whether no more of a resync is asked for, by either side's wish. */
bool sync_is_paused(const struct volume *v);
/* state_shown() - The state as others are to see it: a resync that is paused is. */
struct drbd_state state_shown(const struct volume *v);
/* pause_heard() - What the peer's state says of it. */
void pause_heard(struct volume *v, const struct drbd_state *peer);

/* ---- change.c ---- */

void change_init(struct volume *v);

/* change_begin() - Unless one is under way. */
void change_begin(struct volume *v, enum change_what what, bool force, volume_answer *answer,
		  void *arg);

/* new_generation() - What is written from now on the peer does not have. */
void new_generation(struct volume *v);

/* change_lost() - The connection is gone. */
void change_lost(struct volume *v);

/* change_fenced() - The promotion that waits for it may go on, or has failed. */
void change_fenced(struct volume *v, bool outdated);

/* change_detached(), change_attached(), change_resized() - It has come to an end; @result: enum state_result. */
void change_detached(struct volume *v);
void change_attached(struct volume *v, int result);
void change_resized(struct volume *v, int result);

/* change_check() - What a change waits for may have come. */
void change_check(struct volume *v);

/* alone() - What is written from now on the peer does not have: begin a new generation where that is due. */
void alone(struct volume *v);

/* ---- pwrite.c, pepoch.c, exchange.c, source.c, target.c ---- */

void pwrites_init(struct volume *v);
void pwrites_drop(struct volume *v);
/* pwrites_orphan() - Neither the connection that they came over nor the disk is there any more. */
void pwrites_orphan(struct volume *v);

/* pepoch_remember() - @bytes at @sector have been written in @e.  Others: one is always open, the last. */
void pepoch_remember(struct volume *v, struct pepoch *e, uint64_t sector, uint32_t bytes);
struct pepoch *pepoch_oldest(struct volume *v);
struct pepoch *pepoch_open(struct volume *v);
int pepoch_add(struct volume *v);
void pepoch_free(struct pepoch *e);

/* pwrites_lost() - The disk is gone: tell the peer what it may not have kept. */
void pwrites_lost(struct volume *v);
void pwrites_al_retry(struct volume *v);
/* pwrites_hold() - Nothing more is read from the peer until it is durable that its writes are here alone. */
void pwrites_hold(struct volume *v);
/* pwrites_serial() - Of the epoch that is open.  pwrites_reached() - Whether all before @serial are over. */
uint32_t pwrites_serial(const struct volume *v);
bool pwrites_reached(const struct volume *v, uint32_t serial);

void sync_init(struct volume *v);
/* sync_begin() - Both sides know what is to be copied, and that there are the same generations: no bitmaps are exchanged. */
void sync_begin(struct volume *v, bool source);
/* sync_digests() - Those that are configured. */
void sync_digests(struct volume *v);
/* sync_say_over() - @what is the end of the resync. */
void sync_say_over(struct volume *v, const char *what);
/* sync_drop() - The connection is gone. */
void sync_drop(struct volume *v);
/* sync_waits() - Whether the next step of a resync is the peer's. */
bool sync_waits(const struct volume *v);
void exchange_begin(struct volume *v, bool full);
void exchange_more(struct volume *v);
void target_checkpoint(struct volume *v);
void source_begin(struct volume *v);
void source_check(struct volume *v);
void target_begin(struct volume *v);
/* target_go_on() - More may be asked for.  target_check() - Perhaps nothing is lacking any more. */
void target_go_on(struct volume *v);
void target_check(struct volume *v);
/* target_ack() - A block of the resync, or a write while one runs, is on our disk. */
void target_ack(struct volume *v, uint64_t sector, uint64_t id, uint32_t bytes);

void target_drop(struct volume *v);
void source_drop(struct volume *v);

#endif
