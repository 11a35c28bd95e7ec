// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which packet may come when, and who takes it.
 */
#include "mirror/engine/private.h"

#define GREETING (PHASE(LINK_REPORT) | PHASE(LINK_UP))
#define UP       PHASE(LINK_UP)

static int ignore(struct volume *v, const struct wire_packet *p, void *bulk)
{
	return 0;
}

static int ping(struct volume *v, const struct wire_packet *p, void *bulk)
{
	struct wire_packet pong = {.command = WIRE_PING_ACK};

	send_meta(v, &pong);
	return 0;
}

static int pong(struct volume *v, const struct wire_packet *p, void *bulk)
{
	v->link.ping_sent = 0;
	return 0;
}

static const struct packet_row on_data[] = {
	{WIRE_FEATURES, PHASE(LINK_FEATURES), greet_features},
	{WIRE_AUTH_CHALLENGE, PHASE(LINK_CHALLENGE) | PHASE(LINK_PROTOCOL), greet_challenge},
	{WIRE_AUTH_RESPONSE, PHASE(LINK_RESPONSE), greet_response},
	{WIRE_PROTOCOL, PHASE(LINK_PROTOCOL), greet_protocol},
	{WIRE_SYNC_PARAM89, GREETING, meet_sync_param},
	{WIRE_SIZES, GREETING, meet_sizes},
	{WIRE_UUIDS, GREETING, meet_uuids},
	{WIRE_STATE, GREETING, meet_state},
	{WIRE_STATE_CHG_REQ, GREETING, answer_volume},
	{WIRE_CONN_ST_CHG_REQ, GREETING, answer_connection},
	{WIRE_DATA, UP, pwrite_data},
	{WIRE_DATA_REQUEST, UP, serve_request},
	{WIRE_DATA_REPLY, UP, far_reply},
	{WIRE_TRIM, UP, pwrite_zeroes},
	{WIRE_ZEROES, UP, pwrite_zeroes},
	{WIRE_BARRIER, UP, pwrite_barrier},
	{WIRE_OUT_OF_SYNC, UP, pwrite_out_of_sync},
	{WIRE_UNPLUG_REMOTE, UP, ignore},
	{WIRE_DELAY_PROBE, GREETING, ignore},
	{WIRE_BITMAP, UP, exchange_plain},
	{WIRE_COMPRESSED_BITMAP, UP, exchange_code},
	{WIRE_SYNC_UUID, UP, exchange_sync_uuid},
	{WIRE_RS_DATA_REQUEST, UP, source_request},
	{WIRE_RS_THIN_REQ, UP, thin_request},
	{WIRE_CSUM_RS_REQUEST, UP, source_csum},
	{WIRE_RS_DATA_REPLY, UP, target_reply},
	{WIRE_RS_DEALLOCATED, UP, thin_zeroes},
	{WIRE_OV_REQUEST, UP, verify_request},
	{WIRE_OV_REPLY, UP, verify_reply},
};

static const struct packet_row on_meta[] = {
	{WIRE_PING, GREETING | PHASE(LINK_CHALLENGE) | PHASE(LINK_RESPONSE) | PHASE(LINK_PROTOCOL),
	 ping},
	{WIRE_PING_ACK, GREETING, pong},
	{WIRE_DELAY_PROBE, GREETING, ignore},
	{WIRE_STATE_CHG_REPLY, UP, change_reply},
	{WIRE_CONN_ST_CHG_REPLY, UP, change_reply},
	{WIRE_RECV_ACK, UP, write_ack},
	{WIRE_WRITE_ACK, UP, write_ack},
	{WIRE_RS_WRITE_ACK, UP, source_ack},
	{WIRE_RS_IS_IN_SYNC, UP, csum_in_sync},
	{WIRE_OV_RESULT, UP, verify_result},
	{WIRE_NEG_ACK, UP, write_neg_ack},
	{WIRE_BARRIER_ACK, UP, tlog_barrier_ack},
	{WIRE_NEG_DREPLY, UP, far_refused},
	{WIRE_NEG_RS_DREPLY, UP, target_refused},
	{WIRE_RS_CANCEL, UP, target_refused},
};

const struct packet_row *packet_row(enum wire_socket socket, uint16_t command)
{
	bool data = socket == WIRE_ON_DATA;
	const struct packet_row *rows = data ? on_data : on_meta;
	size_t n = data ? sizeof(on_data) / sizeof(on_data[0])
			: sizeof(on_meta) / sizeof(on_meta[0]);

	for (size_t i = 0; i < n; i++)
		if (rows[i].command == command)
			return &rows[i];
	return NULL;
}
