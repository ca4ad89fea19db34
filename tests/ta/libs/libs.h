/* SPDX-License-Identifier: BSD-2-Clause */
/* An app of three modules: what each gives to the others. */
#ifndef LIBS_H
#define LIBS_H

#include <stdint.h>

/* Of the app: */
extern uint32_t init_trace; /* each initialiser multiplies it by 10 and adds its module's digit */
extern __thread uint32_t main_tls __attribute__((tls_model("initial-exec")));
uint32_t main_number(void); /* 100 */
uint32_t
shared_name(void); /* weak in the first library, which gives 1; the app's gives 2 and wins */

/* Of the first library, which the app needs: */
extern uint32_t *const first_pointer; /* to init_trace */
extern __thread uint32_t first_tls;   /* 0x1111 */
uint32_t first_number(void);          /* 10 + main_number() */
uint32_t first_shared_name(void);     /* shared_name() as the library finds it */
uint32_t first_has_nowhere(void);     /* whether somebody defines what nobody defines */
uint32_t *first_tls_address(void);
uint32_t first_main_tls(void); /* main_tls by initial-exec */

/* Of the second one, which the app opens: */
#define SECOND_NUMBER "second_number"      /* uint32_t(void): 1000 + first_number() */
#define SECOND_TLS    "second_tls_address" /* uint32_t *(void): its own word */

#endif
