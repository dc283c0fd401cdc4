/* contract_walks.h: the walks over the tensors of each kind of model, for contract.c. */
#ifndef CLEAVE_WEIGHTS_CONTRACT_WALKS_H
#define CLEAVE_WEIGHTS_CONTRACT_WALKS_H

#include "weights/contract.h"

/* As cleave_contract_walk(); the sentence is empty before. Demucs: "htdemucs", "hdemucs", and the
 * refusal of all kinds that are not known. */
int cleave_contract_walk_demucs(const char *kind, const char *config, size_t config_bytes,
                                cleave_contract_visit visit, void *context,
                                char message[CLEAVE_SENTENCE_BYTES]);
int cleave_contract_walk_spleeter(const char *config, size_t config_bytes,
                                  cleave_contract_visit visit, void *context,
                                  char message[CLEAVE_SENTENCE_BYTES]);

#endif
