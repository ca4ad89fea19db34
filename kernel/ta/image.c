/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache of verified images: who uses them, who pays for them, when they go. */
#include "kernel/ta/image.h"

#include "kernel/call/call.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/ta/image_cache.h"

/* Pages handled between two looks at whether the normal world wants the CPU (I7), and pages freed
 * by one request of the allocator. */
#define BATCH 8

/* Places to look for an image in, so that it does not take the longer the more there are. */
#define PLACES_BITS 9
#define PLACES      (1u << PLACES_BITS)

static struct {
	struct spinlock lock; /* "image cache" */
	struct list by_identity[PLACES];
	uint64_t salt;       /* so that nobody can choose who shares a place with whom */
	struct list in_use;  /* with users or pinned */
	struct list unused;  /* the least recently used last */
	struct image *dying; /* taken from unused, not all pages freed yet */
	struct image_totals totals;
} cache;

static enum teardown image_teardown(struct guest *guest);

void image_init(void)
{
	memset(&cache, 0, sizeof(cache));
	crypto_random(&cache.salt, sizeof(cache.salt));
	for (unsigned i = 0; i < PLACES; i++)
		list_init(&cache.by_identity[i]);
	list_init(&cache.in_use);
	list_init(&cache.unused);
	versions_init();
	guest_on_teardown(image_teardown);
}

/* Between batches of a clean-up. If the guest is dying there is still nothing to do but to go on.
 */
static void breathe(void)
{
	if (call_poll())
		return;
}

/* --- records -------------------------------------------------------------------------------------
 */

struct image *image_record_new(struct guest *guest)
{
	struct image *image = page_alloc(&guest->budget);
	size_t used = round_up(sizeof(*image), _Alignof(struct page_chunk));

	_Static_assert(sizeof(struct image) <= 2048, "leaves room for page pointers");
	if (!image)
		return NULL;
	list_init(&image->link);
	list_init(&image->same);
	list_init(&image->users);
	page_list_init_paged(&image->pages, &guest->budget, (char *)image + used, PAGE_SIZE - used);
	image->file.pages = &image->pages;
	return image;
}

static void free_pages(struct guest *guest, struct image *image, uint32_t owned_by_system)
{
	while (image->pages.count > 0) {
		bool is_guests = image->pages.count > owned_by_system;
		void *page = page_list_pop(&image->pages);

		page_free(is_guests ? &guest->budget : &system_budget, page);
		if (image->pages.count % BATCH == BATCH - 1)
			breathe();
	}
}

void image_record_drop(struct guest *guest, struct image *image, uint32_t owned_by_system)
{
	free_pages(guest, image, owned_by_system);
	page_free(&guest->budget, image);
}

/* --- publication ---------------------------------------------------------------------------------
 */

static struct list *place_of(const uint8_t *identity)
{
	uint64_t words[sizeof(((struct image *)NULL)->identity) / sizeof(uint64_t)];
	uint64_t sum = cache.salt;

	memcpy(words, identity, sizeof(words));
	for (unsigned i = 0; i < array_count(words); i++)
		sum = (sum ^ words[i]) * 0x9E3779B97F4A7C15u;
	return &cache.by_identity[sum >> (64 - PLACES_BITS)];
}

/* Lock held. */
static struct image *find(const struct guest *guest, const uint8_t *identity)
{
	list_for_each (node, place_of(identity)) {
		struct image *image = list_entry(node, struct image, same);
		bool is_visible = !image->owner || image->owner == guest;
		if (is_visible && memcmp(image->identity, identity, sizeof(image->identity)) == 0)
			return image;
	}
	return NULL;
}

static bool is_used(const struct image *image)
{
	return image->pins > 0 || !list_empty(&image->users);
}

/* The list of those in use that it belongs to. */
static struct list *in_use(const struct image *image)
{
	return image->owner ? &image->owner->own_images : &cache.in_use;
}

/* Lock held. */
static struct image *find_and_pin(const struct guest *guest, const uint8_t *identity)
{
	struct image *image = find(guest, identity);

	if (!image)
		return NULL;
	if (!is_used(image)) {
		list_remove(&image->link);
		list_insert(in_use(image), &image->link);
		if (!image->owner)
			cache.totals.unused_pages -= image->page_count;
	}
	image->pins++;
	return image;
}

struct image *image_find(const struct guest *guest, const uint8_t identity[CRYPTO_SHA256_SIZE])
{
	spin_lock(&cache.lock);
	struct image *image = find_and_pin(guest, identity);
	spin_unlock(&cache.lock);
	return image;
}

/* Lock held. A guest's own image is left for forget_own(). */
static void unpin(struct image *image)
{
	assert(image->pins > 0);
	image->pins--;
	if (is_used(image))
		return;
	list_remove(&image->link);
	if (image->owner) {
		list_insert(image->owner->own_images.next, &image->link);
		return;
	}
	list_insert(cache.unused.next, &image->link);
	cache.totals.unused_pages += image->page_count;
}

/*
 * A page goes to the system; the guest's charge for it becomes one for shared memory. False: what
 * the guest's reserve is owed then would not be there, not even without images that nobody uses.
 */
static bool give_page(struct guest *guest, void *page)
{
	if (!page_transfer(page, &guest->budget, &system_budget) &&
	    !(image_reclaim(&guest->budget) && page_transfer(page, &guest->budget, &system_budget)))
		return false;
	bool charged = budget_charge_shared(&guest->budget, 1);
	assert(charged); /* the transfer made room, and the monitor is held */
	return true;
}

/* Gives the pages of the file, as many as the system can take. TARGET_DEAD. */
static TEE_Result give_pages(struct guest *guest, struct image *image)
{
	for (uint32_t i = 0; i < image->pages.count; i++) {
		TEE_Result res = i % BATCH == BATCH - 1 ? call_poll() : TEE_SUCCESS;

		if (res)
			return res;
		if (!give_page(guest, page_list_get(&image->pages, i)))
			return TEE_SUCCESS;
		image->given_pages++;
	}
	return TEE_SUCCESS;
}

/* Chunks of pointers beyond the one in the record, and last the record itself. True: the system has
 * all of the image. */
static bool give_rest(struct guest *guest, struct image *image)
{
	if (image->given_pages < image->pages.count)
		return false;
	for (struct page_chunk *c = image->pages.first->next; c; c = c->next) {
		if (!give_page(guest, c))
			return false;
		c->budget = &system_budget;
		image->given_chunks++;
	}
	return give_page(guest, image);
}

static uint32_t total_pages(const struct image *image)
{
	uint32_t count = image->pages.count + 1;

	for (const struct page_chunk *c = image->pages.first->next; c; c = c->next)
		count++;
	return count;
}

static TEE_Result give_to_system(struct guest *guest, struct image *image)
{
	TEE_Result res = give_pages(guest, image);

	if (res) {
		budget_uncharge_shared(&guest->budget, image->given_pages);
		image_record_drop(guest, image, image->given_pages);
		return res;
	}
	image->page_count = total_pages(image);
	if (give_rest(guest, image)) {
		image->given_pages = image->given_chunks = 0;
		image->pages.budget = &system_budget;
	} else {
		image->owner = guest;
	}
	return TEE_SUCCESS;
}

/* --- images of one guest -------------------------------------------------------------------------
 */

/* Takes an image of guest's own that is used no more out of the cache. Lock held. */
static struct image *take_own(struct guest *guest)
{
	struct image *image = list_entry(guest->own_images.next, struct image, link);

	if (list_empty(&guest->own_images) || is_used(image))
		return NULL;
	list_remove(&image->link);
	list_remove(&image->same);
	cache.totals.images--;
	return image;
}

/* Back where it was, but to be found by nobody. Lock held. */
static void put_back_own(struct image *image)
{
	list_insert(image->owner->own_images.next, &image->link);
	cache.totals.images++;
}

/* Frees up to BATCH pages of images of guest's own that are used no more. False: there are none. */
static bool forget_own(struct guest *guest)
{
	spin_lock(&cache.lock);
	struct image *image = take_own(guest);
	spin_unlock(&cache.lock);
	if (!image)
		return false;
	for (unsigned i = 0; i < BATCH && image->pages.count > 0; i++) {
		bool is_systems = image->pages.count <= image->given_pages;
		void *page = page_list_pop(&image->pages);

		page_free(is_systems ? &system_budget : &guest->budget, page);
		if (is_systems) {
			budget_uncharge_shared(&guest->budget, 1);
			image->given_pages--;
		}
	}
	if (image->pages.count > 0) {
		spin_lock(&cache.lock);
		put_back_own(image);
		spin_unlock(&cache.lock);
		return true;
	}
	budget_uncharge_shared(&guest->budget, image->given_chunks);
	page_free(&guest->budget, image);
	return true;
}

/* After a use has ended. The images of a dying guest go in steps, later. */
static void forget_own_now(struct guest *guest)
{
	while (!guest->dying && forget_own(guest))
		breathe();
}

static enum teardown image_teardown(struct guest *guest)
{
	return forget_own(guest) ? TEARDOWN_MORE : TEARDOWN_DONE;
}

/* --- the cache -----------------------------------------------------------------------------------
 */

/* Somebody was quicker. */
static void drop_duplicate(struct guest *guest, struct image *image)
{
	if (image->owner) {
		budget_uncharge_shared(&guest->budget, image->given_pages + image->given_chunks);
		image_record_drop(guest, image, image->given_pages);
		return;
	}
	budget_uncharge_shared(&guest->budget, image->page_count);
	free_pages(guest, image, image->pages.count);
	page_free(&system_budget, image);
}

TEE_Result image_publish(struct guest *guest, struct image **image)
{
	struct image *mine = *image;
	TEE_Result res = give_to_system(guest, mine);

	if (res)
		return res;
	spin_lock(&cache.lock);
	*image = find_and_pin(guest, mine->identity);
	if (!*image) {
		list_insert(in_use(mine), &mine->link);
		list_insert(place_of(mine->identity), &mine->same);
		cache.totals.images++;
		mine->pins = 1;
		*image = mine;
	}
	spin_unlock(&cache.lock);
	if (*image != mine)
		drop_duplicate(guest, mine);
	return TEE_SUCCESS;
}

/* --- users ---------------------------------------------------------------------------------------
 */

/* Lock held. */
static struct image_user *find_user(const struct image *image, const struct guest *guest)
{
	list_for_each (node, &image->users) {
		struct image_user *user = list_entry(node, struct image_user, link);
		if (user->guest == guest)
			return user;
	}
	return NULL;
}

TEE_Result image_attach(struct guest *guest, struct image *image, struct image_user *user,
			bool charged)
{
	TEE_Result res = TEE_SUCCESS;

	spin_lock(&cache.lock);
	struct image_user *known = find_user(image, guest);
	if (known) {
		assert(!charged);
		known->references++;
	} else if (charged || image->owner ||
		   budget_charge_shared(&guest->budget, image->page_count)) {
		*user = (struct image_user){.guest = guest, .references = 1};
		list_insert(&image->users, &user->link);
		user = NULL;
	} else {
		res = TEE_ERROR_OUT_OF_MEMORY;
	}
	unpin(image);
	spin_unlock(&cache.lock);
	heap_free(&guest->heap, user);
	return res;
}

void image_get(struct guest *guest, struct image *image)
{
	spin_lock(&cache.lock);
	struct image_user *user = find_user(image, guest);
	assert(user);
	user->references++;
	spin_unlock(&cache.lock);
}

TEE_Result image_share(struct guest *guest, struct image *image)
{
	/* One that the system had no room for goes with its guest. */
	struct image_user *user = image->owner ? NULL : heap_alloc(&guest->heap, sizeof(*user));

	if (!user)
		return TEE_ERROR_OUT_OF_MEMORY;
	spin_lock(&cache.lock);
	image->pins++;
	spin_unlock(&cache.lock);
	return image_attach(guest, image, user, false);
}

void image_put(struct guest *guest, struct image *image)
{
	spin_lock(&cache.lock);
	struct image_user *user = find_user(image, guest);
	assert(user && user->references > 0);
	if (--user->references > 0) {
		spin_unlock(&cache.lock);
		return;
	}
	bool is_own = image->owner != NULL;
	list_remove(&user->link);
	if (!is_own)
		budget_uncharge_shared(&guest->budget, image->page_count);
	image->pins++;
	unpin(image);
	spin_unlock(&cache.lock);
	heap_free(&guest->heap, user);
	if (is_own)
		forget_own_now(guest);
}

/* --- giving back ---------------------------------------------------------------------------------
 */

/* Takes up to BATCH pages from an image that nobody uses. Lock held. */
static unsigned take_pages(void *pages[BATCH])
{
	unsigned count = 0;

	if (!cache.dying && !list_empty(&cache.unused)) {
		cache.dying = list_entry(cache.unused.prev, struct image, link);
		list_remove(&cache.dying->link);
		list_remove(&cache.dying->same);
		cache.totals.images--;
		cache.totals.unused_pages -= cache.dying->page_count;
	}
	while (cache.dying && count < BATCH) {
		pages[count] = page_list_pop(&cache.dying->pages);
		if (!pages[count]) {
			pages[count] = cache.dying;
			cache.dying = NULL;
		}
		count++;
	}
	return count;
}

bool image_reclaim(struct budget *for_whom)
{
	void *pages[BATCH];

	(void)for_whom;
	spin_lock(&cache.lock);
	unsigned count = take_pages(pages);
	spin_unlock(&cache.lock);
	for (unsigned i = 0; i < count; i++)
		page_free(&system_budget, pages[i]);
	return count > 0;
}

void image_totals(struct image_totals *totals)
{
	spin_lock(&cache.lock);
	*totals = cache.totals;
	spin_unlock(&cache.lock);
}
