// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>

#include "intervals.h"

#define PHI_MAX 99.0
#define Z_AT_8  5.612 /* standard deviations above the mean where the normal's tail is 1e-8 */

void intervals_add(struct intervals *i, int64_t ns)
{
	i->ms[i->next] = (float)((double)ns / 1e6);
	i->next = (i->next + 1) % INTERVALS_MAX;
	if (i->n < INTERVALS_MAX)
		i->n++;
}

static void moments(const struct intervals *i, double *mean, double *deviation)
{
	double sum = 0, squares = 0;

	for (unsigned k = 0; k < i->n; k++)
		sum += i->ms[k];
	*mean = sum / i->n;
	for (unsigned k = 0; k < i->n; k++)
		squares += (i->ms[k] - *mean) * (i->ms[k] - *mean);
	*deviation = sqrt(squares / i->n);
	/* A guest that was punctual so far is not dead for being a little late. */
	if (*deviation < *mean / 8)
		*deviation = *mean / 8;
	if (*deviation < 1)
		*deviation = 1;
}

double intervals_phi(const struct intervals *i, int64_t ns)
{
	double mean, deviation, later, phi;

	if (i->n < INTERVALS_FEW)
		return 0;
	moments(i, &mean, &deviation);
	later = 0.5 * erfc(((double)ns / 1e6 - mean) / deviation / M_SQRT2);
	phi = later > 0 ? -log10(later) : PHI_MAX;
	return phi > PHI_MAX ? PHI_MAX : phi;
}

int64_t intervals_limit(const struct intervals *i)
{
	double mean, deviation;

	if (i->n < INTERVALS_FEW)
		return 0;
	moments(i, &mean, &deviation);
	return (int64_t)((mean + Z_AT_8 * deviation) * 1e6);
}
