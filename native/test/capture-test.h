/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_TEST_H
#define WEIR_CAPTURE_TEST_H

#include <stdbool.h>

/* Of core-test.c. */
void check_that(bool good, const char *what, int line);

#define CHECK(condition) check_that((condition), __FILE__ ": " #condition, __LINE__)

/* In the namespace that the thread is in, between the devices home0 and home1. */
void test_captures(int netns);

#endif
