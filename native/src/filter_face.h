/* SPDX-License-Identifier: Apache-2.0 */
/* The N-API face of filter.c. */
#ifndef WEIR_FILTER_FACE_H
#define WEIR_FILTER_FACE_H

#include <node_api.h>

/*
 * filterCompileLater(linkType, snapLength, text)
 * -> promise of a Buffer of instructions, of an error's text, or of a negative errno
 */
napi_value filter_face_compile(napi_env env, napi_callback_info info);

#endif
