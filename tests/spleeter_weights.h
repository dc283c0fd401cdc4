/* spleeter_weights.h: weight files of Spleeter networks with synthetic values, in memory. */
#ifndef CLEAVE_TESTS_SPLEETER_WEIGHTS_H
#define CLEAVE_TESTS_SPLEETER_WEIGHTS_H

#include "loader/loader.h"
#include "tests/bytes.h"

/* The keys that the published models have in common, and those in which they differ. */
#define SPLEETER_FILTERS "conv_n_filters=16,32,64,128,256,512\n"
#define SPLEETER_2STEMS  "sources=vocals,accompaniment\n" SPLEETER_FILTERS
#define SPLEETER_4STEMS                                                                            \
    "sources=vocals,drums,bass,other\nconv_activation=ELU\ndeconv_activation="                     \
    "ELU\n" SPLEETER_FILTERS
#define SPLEETER_5STEMS                                                                            \
    "sources=vocals,piano,drums,bass,other\nconv_activation=ELU\ndeconv_activation=ELU\n"          \
    "model=unet.softmax_unet\n" SPLEETER_FILTERS
/* Of the small one in the repository. */
#define SPLEETER_TINY "sources=vocals,accompaniment\nconv_n_filters=2,4,8,16,32,64\n"

/* The weight file of a configuration (its lines in any order), with values by the formula of
 * loader/synthetic.h, rounded to `values` and stored as `type`. 1, or 0 and a failure. */
int test_spleeter_weights(const char *config, cleave_weights_type values, cleave_weights_type type,
                          test_bytes *file);

#endif
