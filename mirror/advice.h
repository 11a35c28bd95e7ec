/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MIRROR_ADVICE_H
#define MIRROR_ADVICE_H

/* advice() - What an administrator can do about a change of state that ended with @result; NULL: nothing to add. */
const char *advice(int result);

#endif
