/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table of nodes that live in their owners: buffers by cookie, suspended calls by thread id.
 */
#include "internal.h"

#include <string.h>

static struct med_node **map_bucket(const struct med_map *map, uint64_t key)
{
	/* Cookies are often pointers: the multiplication brings their middle bits to the top. */
	return &map->buckets[key * 0x9E3779B97F4A7C15ull >> (64 - map->bits)];
}

/* As many buckets as there can be entries, between 16 and what one block of memory holds. */
bool med_map_init(struct med_map *map, const struct med_host *host, uint32_t entries)
{
	size_t size;

	map->bits = 4;
	while ((1u << map->bits) < entries &&
	       (2u << map->bits) * sizeof(map->buckets[0]) <= MED_MEM_MAX)
		map->bits++;
	size = (1u << map->bits) * sizeof(map->buckets[0]);
	map->buckets = host->mem_alloc(size);
	if (map->buckets == NULL)
		return false;
	memset(map->buckets, 0, size);
	return true;
}

void med_map_fini(struct med_map *map, const struct med_host *host)
{
	if (map->buckets != NULL)
		host->mem_free(map->buckets, (1u << map->bits) * sizeof(map->buckets[0]));
	map->buckets = NULL;
}

void med_map_insert(struct med_map *map, struct med_node *node)
{
	struct med_node **bucket = map_bucket(map, node->key);

	node->next = *bucket;
	*bucket = node;
}

struct med_node *med_map_find(const struct med_map *map, uint64_t key)
{
	struct med_node *node = *map_bucket(map, key);

	while (node != NULL && node->key != key)
		node = node->next;
	return node;
}

/* @node must be in the map. */
void med_map_remove(struct med_map *map, struct med_node *node)
{
	struct med_node **link = map_bucket(map, node->key);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	node->next = NULL;
}
