/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that every room uses: addresses that cannot be mixed up, page sizes, attributes. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

#define CPU_MAX 64 /* CPUs of one machine; calls from any beyond these get "unknown function" */

#define must_check __attribute__((warn_unused_result))
#define noreturn   __attribute__((noreturn))
#define printf_like(format_index, args_index)                                                      \
	__attribute__((format(printf, format_index, args_index)))

#define array_count(a)                 (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, field) ((type *)((char *)(ptr)-offsetof(type, field)))
#define min(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) a_ = (a);                                                            \
		__typeof__(b) b_ = (b);                                                            \
		a_ < b_ ? a_ : b_;                                                                 \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) a_ = (a);                                                            \
		__typeof__(b) b_ = (b);                                                            \
		a_ > b_ ? a_ : b_;                                                                 \
	})

/* A physical address. */
typedef struct {
	uint64_t pa;
} paddr_t;

/* A virtual address of a trusted app (S-EL0); never dereferenced by the kernel. */
typedef struct {
	uint64_t va;
} uaddr_t;

static inline paddr_t paddr(uint64_t pa)
{
	return (paddr_t){pa};
}

static inline uaddr_t uaddr(uint64_t va)
{
	return (uaddr_t){va};
}

/* Checked arithmetic: true if the result overflowed. */
#define add_overflow(a, b, result) __builtin_add_overflow(a, b, result)
#define mul_overflow(a, b, result) __builtin_mul_overflow(a, b, result)

/*
 * index if it is below count, else 0, without a branch: a CPU that guesses past the check of an
 * index that somebody else chose must not read behind the table.
 */
static inline size_t index_clamp(size_t index, size_t count)
{
	size_t in_range = -(size_t)(index < count);

	__asm__ volatile("" : "+r"(in_range));
	return index & in_range;
}

/* Pages that [offset, offset + size) touches when it starts in a page; no overflow for size below
 * 2^63. */
static inline uint64_t pages_spanned(uint64_t offset, uint64_t size)
{
	return ((offset & PAGE_MASK) + size + PAGE_MASK) >> PAGE_SHIFT;
}

static inline size_t round_up(size_t value, size_t power_of_two)
{
	return (value + power_of_two - 1) & ~(power_of_two - 1);
}

#endif
