/* seeds.c: `seeds FOLDER` writes the inputs that fuzzing starts from into FOLDER/torch,
 * safetensors, tensorflow, weights and network. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "tests/bytes.h"
#include "tests/fuzz/network_file.h"
#include "tests/tensor_bundle.h"

#define TENSOR                                                                                     \
    "ctorch._utils\n_rebuild_tensor_v2\nq\3((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"      \
    "0X\3\0\0\0cpuK\x10tQK\0K\4K\4\x86K\4K\1\x86\x89"                                              \
    "ccollections\nOrderedDict\n)RtR"
static const char pickle[] =
    "\x80\x02}q\0(X\5\0\0\0klassq\1cdemucs.htdemucs\nHTDemucs\nX\4\0\0\0args)X\6\0\0\0kwargs}("
    "X\7\0\0\0sources"
    "]("
    "X\1\0\0\0aX\1\0\0\0beX\7\0\0\0segmentcfractions\nFraction\nK\x27K\5\x86RX\1\0\0\0gG\x3F\xF0\0"
    "\0\0\0\0\0"
    "X\1\0\0\0nNX\1\0\0\0k\x8A\1\5X\1\0\0\0t\x88uX\5\0\0\0state}X\1\0\0\0w" TENSOR
    "sX\7\0\0\0metrics)u.";
static const char header[] = "{\"__metadata__\":{\"kind\":\"htdemucs\",\"a\":\"1\",\"sources\":\"a,"
                             "b\"},\"w\":{\"dtype\":\"F32\",\"shape\":[2,4],"
                             "\"data_offsets\":[0,32]},\"\\u0062\":{\"dtype\":\"F16\",\"shape\":[],"
                             "\"data_offsets\":[32,34]},\"v\":{\"dtype\":"
                             "\"BF16\",\"shape\":[3],\"data_offsets\":[34,40]},\"d\":{\"dtype\":"
                             "\"F64\",\"shape\":[3],\"data_offsets\":[40,64]}}  ";

/* A network of a few kilobytes. */
static const char tiny[] = "audio_channels=1\nbottom_channels=0\nchannels=4\ndconv_mode=0\n"
                           "depth=1\nnfft=64\nsegment=1\nsources=a,b\nt_layers=0\n";

static void save(const char *folder, const char *name, const void *bytes, size_t count)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void save_networks(const char *folder)
{
    /* After the form, 33 keys of 3 bytes; then what is done with the network. */
    static const unsigned char plain[112] = {[102] = 1, 40, 1}, both[112] = {8, [102] = 1, 200},
                               hybrid[112] = {1, [102] = 1, 90, 3}, lie[112] = {6, [100] = 1};
    /* Of Spleeter 13 keys, the eighth the mask's extension, the ninth the model; bins, extension
     * and overlap of the request come before the choice to run. */
    static const unsigned char u_nets[64] = {16, [45] = 1, 200, 3},
                               softmax[64] = {16, [22] = 1, 1, [25] = 1, 1, [45] = 1, 100};
    test_bytes file = {0};
    uint64_t bytes;

    if (!network_file_head("htdemucs", tiny, NULL, &file, &bytes))
        exit(1);
    network_file_data(&file, bytes);
    save(folder, "weights/network", file.data, file.used);
    test_bytes_free(&file);
    save(folder, "network/plain", plain, sizeof plain);
    save(folder, "network/both", both, sizeof both);
    save(folder, "network/hybrid", hybrid, sizeof hybrid);
    save(folder, "network/lie", lie, sizeof lie);
    save(folder, "network/u_nets", u_nets, sizeof u_nets);
    save(folder, "network/softmax", softmax, sizeof softmax);
}

/* A checkpoint of Spleeter with the layers of two instruments, each of one channel. */
static int spleeter_layers(test_bundle_tensor *tensors, char names[][32])
{
    static const char *const kinds[] = {"batch_normalization", "conv2d", "conv2d_transpose"};
    static const int counts[] = {24, 14, 12};
    static const float one = 1;
    int count = 0;

    for (int kind = 0; kind < 3; kind++)
        for (int i = 0; i < counts[kind]; i++) {
            char number[8] = "";
            if (i)
                snprintf(number, sizeof number, "_%d", i);
            snprintf(names[count], 32, "%s%s/%s", kinds[kind], number, kind ? "kernel" : "gamma");
            tensors[count] = (test_bundle_tensor){names[count], 1, kind ? 4 : 1,   {1, 1, 1, 1},
                                                  &one,         4, (uint32_t)i % 2};
            count++;
        }
    return count;
}

static int compare_names(const void *x, const void *y)
{
    return strcmp(((const test_bundle_tensor *)x)->name, ((const test_bundle_tensor *)y)->name);
}

static void save_index(const char *folder, const char *name, const test_bytes *index,
                       const test_bytes *data, uint32_t flag)
{
    test_bytes file = {0};

    test_bytes_number(&file, index->used | flag, 4);
    test_bytes_put(&file, index->data, index->used);
    test_bytes_put(&file, data->data, data->used);
    save(folder, name, file.data, file.used);
    test_bytes_free(&file);
}

/* In two data files, one block and many; with its checksums as they are; and compressed. */
static void save_bundles(const char *folder)
{
    static const char contents[] =
        "\0\0\6" TEST_BUNDLE_HEADER "\0\1\2a\x08\1\1\4\2/Adam\x08\1\0\0\0\0\1\0\0";
    static const char *const last[] = {"b"};
    test_bundle_tensor tensors[50];
    char names[50][32];
    test_bytes index = {0}, data[2] = {{0}}, stream = {0};
    const int count = spleeter_layers(tensors, names);

    qsort(tensors, (size_t)count, sizeof tensors[0], compare_names);
    test_bundle(&index, data, tensors, count, count + 1);
    save_index(folder, "tensorflow/block", &index, data, 0);
    index.used = data[0].used = data[1].used = 0;
    test_bundle(&index, data, tensors, count, 4);
    save_index(folder, "tensorflow/blocks", &index, data, 0);
    save_index(folder, "tensorflow/checked", &index, data, 0x80000000);
    index.used = 0;
    test_snappy_literal(&stream, contents, sizeof contents);
    const test_place block = test_table_block(&index, stream.data, stream.used, 1);
    test_table_finish(&index, &block, last, 1);
    save_index(folder, "tensorflow/snappy", &index, data, 0);
    test_bytes_free(&index);
    test_bytes_free(&data[0]);
    test_bytes_free(&data[1]);
    test_bytes_free(&stream);
}

int main(int argc, char **argv)
{
    static const float values[16] = {1, 2, 3};
    const test_zip_entry entries[] = {{"m/data.pkl", pickle, sizeof pickle - 1},
                                      {"m/data/0", values, 64}};
    char message[CLEAVE_SENTENCE_BYTES] = "";
    test_zip_layout layout;
    test_bytes archive = {0}, file = {0}, weights = {0};
    cleave_import import;
    const uint8_t source[32] = {0};

    if (argc != 2)
        return 2;
    test_bytes_zip(&archive, entries, 2, &layout);
    test_bytes_text(&file, "z");
    test_bytes_put(&file, archive.data, archive.used);
    save(argv[1], "torch/archive", file.data, file.used);
    save(argv[1], "torch/pickle", pickle, sizeof pickle - 1);
    save(argv[1], "safetensors/header", header, sizeof header - 1);
    if (!cleave_import_torch(&import, archive.data, archive.used, message) ||
        !cleave_weights_write(&import, CLEAVE_WEIGHTS_F16, source, test_bytes_sink, &weights,
                              message)) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    save(argv[1], "weights/file", weights.data, weights.used);
    save_networks(argv[1]);
    save_bundles(argv[1]);
    cleave_import_close(&import);
    test_bytes_free(&archive);
    test_bytes_free(&file);
    test_bytes_free(&weights);
    return 0;
}
