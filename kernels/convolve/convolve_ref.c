/* convolve_ref.c: the levels in double; what is stored is float. */
#include "kernels/convolve/convolve_internal.h"

typedef struct convolve_row {
    const cleave_convolve_args *a;
    convolve_layout f;
    convolve_tables t;
    const char *prepared;
    const float *response;
    int64_t channel;
    float *state;
    double *value; /* present values of the parameters */
    double *frame; /* scratch: [2 n], then the spectrum, then what a transform takes */
} convolve_row;

/* What came in at a position that is not later than the present, nor too long ago. */
static float *history(const convolve_row *r, int64_t position)
{
    const int64_t size = r->f.history_size;

    return r->state + r->f.history + (position % size + size) % size;
}

static void transform(const convolve_row *r, int32_t index, int64_t block)
{
    const convolve_level *v = &r->f.level[index];
    double *spectrum = r->frame + 2 * v->n;
    float *planes = r->state + convolve_spectrum_at(v, block, 0);

    for (int64_t i = 0; i < 2 * v->n; i++)
        r->frame[i] = (double)*history(r, (block - 2) * v->n + i);
    cleave_fft_ref_f64(r->prepared + r->t.forward[index], r->frame, spectrum,
                       spectrum + 2 * v->stride);
    for (int64_t k = 0; k < v->stride; k++) {
        planes[k] = k <= v->n ? (float)spectrum[2 * k] : 0;
        planes[v->stride + k] = k <= v->n ? (float)spectrum[2 * k + 1] : 0;
    }
}

static void add_partitions(const convolve_row *r, int32_t index, const convolve_task *task)
{
    const convolve_level *v = &r->f.level[index];
    float *re = r->state + v->sum, *im = re + v->stride;

    for (int64_t k = 0; k < v->stride; k++) {
        double sum_re = task->clears ? 0 : (double)re[k], sum_im = task->clears ? 0 : (double)im[k];
        for (int64_t p = task->begin; p < task->end; p++) {
            const float *x = r->state + convolve_spectrum_at(v, task->block, p) + k;
            const float *h = r->response + v->response + p * 2 * v->stride + k;
            const double x_re = (double)x[0], x_im = (double)x[v->stride];
            const double h_re = (double)h[0], h_im = (double)h[v->stride];
            sum_re += x_re * h_re - x_im * h_im;
            sum_im += x_re * h_im + x_im * h_re;
        }
        re[k] = (float)sum_re;
        im[k] = (float)sum_im;
    }
}

static void transform_back(const convolve_row *r, int32_t index, int64_t block)
{
    const convolve_level *v = &r->f.level[index];
    const float *re = r->state + v->sum, *im = re + v->stride;
    float *out = r->state + convolve_out_at(v, block + 1);
    double *spectrum = r->frame + 2 * v->n;

    for (int64_t k = 0; k <= v->n; k++) {
        spectrum[2 * k] = (double)re[k];
        spectrum[2 * k + 1] = (double)im[k];
    }
    cleave_fft_ref_f64(r->prepared + r->t.inverse[index], spectrum, r->frame,
                       spectrum + 2 * v->stride);
    for (int64_t i = 0; i < v->n; i++)
        out[i] = (float)r->frame[v->n + i];
}

static void run_slot(const convolve_row *r, int64_t position)
{
    for (int32_t i = 0; i < r->f.levels; i++) {
        const convolve_task task = convolve_task_at(&r->f.level[i], r->channel, position);
        if (task.block == 0)
            continue; /* nothing came in before */
        if (task.transforms)
            transform(r, i, task.block);
        if (task.clears || task.end > task.begin)
            add_partitions(r, i, &task);
        if (task.returns)
            transform_back(r, i, task.block);
    }
}

static float run_frame(const convolve_row *r, int64_t position, float in)
{
    double sum = 0;

    *history(r, position) = in;
    for (int64_t k = 0; k < CONVOLVE_SLOT && !r->a->late; k++)
        sum += (double)r->response[k] * (double)*history(r, position - k);
    for (int32_t i = 0; i < r->f.levels; i++) {
        const convolve_level *v = &r->f.level[i];
        sum += (double)r->state[convolve_out_at(v, position / v->n) + position % v->n];
    }
    return (float)(r->value[CLEAVE_CONVOLVE_DRY] * (double)*history(r, position - r->a->late) +
                   r->value[CLEAVE_CONVOLVE_WET] * sum);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_convolve_args *a = args;
    convolve_row r = {.a = a,
                      .f = convolve_layout_of(a),
                      .t = cleave_convolve_tables_of(a, cleave_fft_rows_ref),
                      .prepared = work->prepared,
                      .frame = work->scratch};
    const float *responses = (const float *)(const void *)(r.prepared + r.t.responses);

    for (int64_t item = work->begin; item < work->end; item++) {
        r.channel = item % a->channels;
        r.state = a->state + item * r.f.floats;
        r.value = cleave_glide_values((double *)(void *)(r.state + r.f.glide));
        r.response = responses + (a->responses > 1 ? r.channel * r.f.response_floats : 0);
        for (int64_t i = 0; i < a->block->frames; i++) {
            const int64_t position = a->block->position + i;
            if (position % CLEAVE_GRID_FRAMES == 0)
                cleave_glide(r.value - 1, a->parameters, CLEAVE_CONVOLVE_PARAMETERS);
            if (position % CONVOLVE_SLOT == 0)
                run_slot(&r, position);
            a->out[item * a->out_stride + i] =
                run_frame(&r, position, a->in[item * a->in_stride + i]);
        }
    }
}

static size_t scratch_bytes(const void *args)
{
    return cleave_convolve_work_bytes(args, cleave_fft_rows_ref);
}

static size_t prepared_bytes(const void *args)
{
    return cleave_convolve_tables_of(args, cleave_fft_rows_ref).bytes;
}

static void prepare(const void *args, void *prepared)
{
    cleave_convolve_prepare(args, cleave_fft_rows_ref, prepared);
}

const cleave_kernel cleave_convolve_ref = {run, scratch_bytes, prepared_bytes, prepare};
