/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doubly linked lists of structures that hold their own links.  A link that is in no list points
 * to itself, so that taking it out is always allowed.
 */
#ifndef MIRROR_ENGINE_LIST_H
#define MIRROR_ENGINE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name_)           \
	{                          \
		&(name_), &(name_) \
	}

/* list_entry() - The structure of @type_ whose @member_ is the link @l_. */
#define list_entry(l_, type_, member_) ((type_ *)(void *)((char *)(l_)-offsetof(type_, member_)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_append(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* list_take() - The first link of @head, out of it; NULL: there is none. */
static inline struct list *list_take(struct list *head)
{
	struct list *l = head->next;

	if (l == head)
		return NULL;
	list_remove(l);
	return l;
}

/* list_move() - Everything in @from to the end of @to. */
static inline void list_move(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_for_each(l_, head_) for (struct list *l_ = (head_)->next; l_ != (head_); l_ = l_->next)

#endif
