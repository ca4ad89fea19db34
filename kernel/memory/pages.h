/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secure memory, page by page, each charged to one budget.
 *
 * A budget has a reserve (pages that are kept for it: counted, not assigned) and a limit. A page is
 * given if the budget is below its reserve, or if more pages are free than others have reserved and
 * not used. Only single pages are given out, so memory never fragments; whoever needs more keeps a
 * list of pages.
 *
 * Who has no limit of its own shares what is not reserved: beyond its reserve it has at most
 * PAGES_SHARE times as many pages as it leaves free. One alone gets three quarters, two get three
 * sevenths each: however many there are and whatever they want, something is left for the next one,
 * and it takes no setting and no count of guests.
 *
 * Pages are zero when they are given out: they are scrubbed when they are given back (I6).
 */
#ifndef MEMORY_PAGES_H
#define MEMORY_PAGES_H

#include "abi/result.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define PAGES_SHARE 3u

struct guest;

struct budget {
	uint32_t used;       /* pages charged now, shared ones included */
	uint32_t shared;     /* of these: charged without a page of its own */
	uint32_t reserve;    /* pages kept for this budget */
	uint32_t limit;      /* used never exceeds it */
	bool shares;         /* beside the limit: no more than its share */
	bool common;         /* its pages count among those that shared apps have together */
	uint32_t peak;       /* highest used */
	uint32_t refusals;   /* requests refused */
	uint32_t vm_id;      /* the guest whose it is, for the trace */
	struct guest *guest; /* that guest, for page_reclaim; NULL: nobody's */
};

/* One page in this many may be a shared app's: their owners are no guests that anybody limits. */
#define PAGES_COMMON_PART 4u

struct page_totals {
	uint32_t total;
	uint32_t free;
	uint32_t reserved; /* of the free ones: promised to budgets below their reserve */
	uint32_t common;   /* of those in use: what common budgets have */
};

/* What belongs to no guest: kernel tables, the image cache. No limit, no reserve. */
extern struct budget system_budget;

/* Hands [start, end), page-aligned kernel addresses, to the allocator. Once, at start. */
void pages_init(void *start, void *end);

/*
 * Sets reserve and limit (0 <= reserve <= limit, used <= limit). OUT_OF_MEMORY if the machine
 * cannot promise the reserve beside everybody else's; BAD_PARAMETERS if the numbers are out of
 * order. Nothing changes then.
 */
TEE_Result must_check budget_configure(struct budget *budget, uint32_t reserve, uint32_t limit);

/* From now on its pages are common. Any context. */
void budget_make_common(struct budget *budget);

/* Gives the reserve back; nothing may be charged any more (asserted). */
void budget_release(struct budget *budget);

/*
 * Charges without a page of its own: for memory that several owners use (verified images), of which
 * each is charged the full count. False: over the limit, nothing charged. Does not touch the pool
 * of free pages.
 */
bool must_check budget_charge_shared(struct budget *budget, uint32_t pages);
void budget_uncharge_shared(struct budget *budget, uint32_t pages);

/*
 * Whether count pages can be had now, and enough is left then of what is promised to nobody for the
 * small needs of everybody else's calls in progress. To be asked before memory is taken in bulk:
 * else the app that was loaded last takes the page that another's next call needs. False: to be
 * asked again as long as budget_reclaim() finds something, with polls in between. Any context.
 */
bool must_check budget_has_room(const struct budget *budget, uint32_t count);

/* Asks page_reclaim once, for count pages. False: nothing was found, or there would be no room for
 * them whoever gave way, so nobody was asked; the refusal is counted. Any context. */
bool must_check budget_reclaim(struct budget *budget, uint32_t count);

/* A zeroed page charged to the budget, or NULL (budget exhausted or memory short). Any context. */
void *must_check page_alloc(struct budget *budget);

/*
 * Moves the charge for a page. to may go over its limit only if it is the system budget; false:
 * nothing changed.
 */
bool must_check page_transfer(void *page, struct budget *from, struct budget *to);

/* Scrubs the page and gives it back. NULL is ignored. */
void page_free(struct budget *budget, void *page);

void pages_totals(struct page_totals *totals);

/* Requests of this budget are refused for its own sake: no page of somebody else would help. */
bool budget_is_full(const struct budget *budget);

/*
 * Whether owner may be made to give up pages that it could do without, for the count pages that
 * for_whom wants: what it has reserved stays, and nobody takes from one that has less than itself
 * would have, unless for what it has reserved.
 */
bool budget_may_lose(const struct budget *owner, const struct budget *for_whom, uint32_t count);

/*
 * When a page is refused the allocator asks, once per request and without its lock, whether
 * somebody can give pages back (unused images, idle instances). True if it is worth trying again.
 */
extern bool (*page_reclaim)(struct budget *for_whom, uint32_t count);

#endif
