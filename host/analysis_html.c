/* analysis_html.c: the report of `cleave analyze`: one page that needs nothing but itself. It is
 * XML too, so that any parser can read it. */
#include "host/analysis_html.h"

#include "host/axis.h"

#include <math.h>
#include <string.h>

#define PLACES_SHOWN 100 /* of a kind */
#define PLACES_OPEN  10  /* up to so many are shown without a click */
#define CHART_WIDTH  1080
#define CHART_HEIGHT 210
#define CHART_TOP    12
#define CHART_LEFT   44
#define CHART_LOW_DB (-90.0)

static const char style[] =
    "body{margin:0;background:#f4f5f7;color:#20242f;font:15px/1.5 system-ui,-apple-system,"
    "'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\n"
    "main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}\n"
    "h1{font-size:22px;font-weight:600;margin:0 0 18px}\n"
    "h2{font-size:20px;font-weight:600;margin:0;overflow-wrap:anywhere}\n"
    "h3{font-size:15px;font-weight:600;margin:26px 0 8px}\n"
    "section{background:#fff;border:1px solid #dfe2e8;border-radius:8px;padding:22px 24px;"
    "margin:0 0 24px}\n"
    ".facts{color:#5c6474;margin:2px 0 18px}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px}\n"
    ".card{border:1px solid #e3e6ec;border-radius:6px;padding:10px 12px;background:#fafbfc}\n"
    ".card b{display:block;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}\n"
    ".card small,.unit{font-size:13px;font-weight:400;color:#5c6474}\n"
    ".card span{font-size:13px;color:#5c6474}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid #eceef2;"
    "vertical-align:top;overflow-wrap:anywhere}\n"
    "th{font-weight:600;color:#5c6474;font-size:13px}\n"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "td.about{color:#5c6474}\n"
    "table.places{table-layout:fixed}\n"
    "img,svg{display:block;width:100%;height:auto;margin:0 0 10px}\n"
    "details{margin:6px 0}\n"
    "summary{cursor:pointer}\n"
    ".none{color:#5c6474}\n"
    ".bad{color:#b4141e}\n"
    "footer{color:#5c6474;font-size:13px}\n"
    "@media print{body{background:#fff}section{border:0;padding:0}}\n";

void analysis_html_begin(html_page *page, int32_t count)
{
    html_add(page,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
             "<title>Audio analysis</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n"
             "<h1>Audio analysis: %d file%s</h1>\n",
             style, (int)count, count == 1 ? "" : "s");
}

void analysis_html_end(html_page *page)
{
    html_add(page,
             "<footer>Measured by cleave %s. Levels are in dB of full scale; loudness is by "
             "ITU-R BS.1770 and EBU R 128.</footer>\n</main>\n</body>\n</html>\n",
             cleave_version());
}

/* A number with a minus sign that is as wide as a digit; a dash for what is not defined. */
static void add_number(html_page *page, double value, int decimals)
{
    char text[ANALYSIS_NUMBER_BYTES];
    const char *number = analysis_number(value, decimals, text);
    if (isnan(value)) {
        html_add(page, "\xe2\x80\x93");
    } else {
        html_add(page, "%s%s", number[0] == '-' ? "\xe2\x88\x92" : "", number + (number[0] == '-'));
    }
}

static void add_facts(html_page *page, const analysis *done)
{
    const audio_info *info = audio_reader_info(done->reader);
    char clock[AXIS_LABEL];
    html_add(page, "<p class=\"facts\">");
    html_words(page, info->container);
    html_add(page, ", ");
    html_words(page, info->codec);
    html_add(page, " \xc2\xb7 %g kHz \xc2\xb7 %d channel%s", info->rate_hz / 1000.0,
             (int)info->channels, info->channels == 1 ? "" : "s");
    if (info->bits > 0) {
        html_add(page, " \xc2\xb7 %d bits", (int)info->bits);
    }
    if (info->bitrate_kbps > 0) {
        html_add(page, " \xc2\xb7 %d kbit/s", (int)info->bitrate_kbps);
    }
    html_add(page, " \xc2\xb7 %s (%.3f s, %lld frames)</p>\n",
             axis_clock(done->result->duration_s, 0.01, clock), done->result->duration_s,
             (long long)done->result->frames);
}

/* The figures that most people look for, in large. */
static void add_cards(html_page *page, const analysis *done)
{
    static const char *const keys[] = {"integrated_lufs",  "true_peak_dbtp", "loudness_range_lu",
                                       "dynamic_range_db", "rms_dbfs",       "snr_db"};
    html_add(page, "<div class=\"cards\">\n");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        for (const analysis_measure *m = analysis_measures; m->key != NULL; m++) {
            if (strcmp(m->key, keys[i]) == 0) {
                html_add(page, "<div class=\"card\"><b>");
                add_number(page, analysis_value(m, done->result), m->decimals);
                html_add(page, " <small>%s</small></b><span>%s</span></div>\n", m->unit, m->name);
            }
        }
    }
    html_add(page, "</div>\n");
}

static void add_picture(html_page *page, const png_bytes *encoded, const char *name)
{
    if (encoded->count > 0) {
        html_add(page, "<h3>%s</h3>\n<img alt=\"%s\" src=\"data:image/png;base64,", name, name);
        html_base64(page, encoded->bytes, encoded->count);
        html_add(page, "\"/>\n");
    }
}

static double chart_y(double level_db)
{
    double share = fmin(fmax((level_db - CHART_LOW_DB) / -CHART_LOW_DB, 0), 1);
    return CHART_TOP + (1 - share) * CHART_HEIGHT;
}

/* The name of a band: its centre, to the preferred numbers of ISO 266. */
static double nominal(double hz)
{
    static const double preferred[] = {1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8};
    int band = (int)lrint(10 * log10(fmax(hz, 1)));
    return preferred[band % 10] * pow(10, band / 10);
}

/* Thirds of an octave as bars. */
static void add_chart(html_page *page, const analysis *done)
{
    const cleave_meter_result *result = done->result;
    double step = (double)(CHART_WIDTH - CHART_LEFT) / CLEAVE_METER_BANDS;
    html_add(page,
             "<h3>Mean spectrum, thirds of an octave</h3>\n<svg viewBox=\"0 0 %d %d\" "
             "role=\"img\" font-size=\"12\" fill=\"#20242f\">\n",
             CHART_WIDTH, CHART_TOP + CHART_HEIGHT + 42);
    for (int level = 0; level >= (int)CHART_LOW_DB; level -= 15) {
        html_add(page,
                 "<path d=\"M%d %.1fH%d\" stroke=\"#e3e6ec\"/><text x=\"%d\" y=\"%.1f\" "
                 "text-anchor=\"end\">%s%d</text>\n",
                 CHART_LEFT, chart_y(level), CHART_WIDTH, CHART_LEFT - 6, chart_y(level) + 4,
                 level < 0 ? "\xe2\x88\x92" : "", -level);
    }
    for (int i = 0; i < CLEAVE_METER_BANDS; i++) {
        double x = CHART_LEFT + i * step, level = (double)result->band_db[i];
        double y = chart_y(level), hz = nominal(result->band_hz[i]);
        if (level > CHART_LOW_DB) {
            html_add(page,
                     "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                     "fill=\"#265ca6\"><title>%g Hz: %.1f dB</title></rect>\n",
                     x + 2, y, step - 4, CHART_TOP + CHART_HEIGHT - y, hz, level);
        }
        if (i % 3 == 0) {
            html_add(page, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g%s</text>\n",
                     x + step / 2, CHART_TOP + CHART_HEIGHT + 18, hz >= 1000 ? hz / 1000 : hz,
                     hz >= 1000 ? "k" : "");
        }
    }
    html_add(page,
             "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">Frequency (Hz), level in dB of a sine "
             "of full scale</text>\n</svg>\n",
             (CHART_WIDTH + CHART_LEFT) / 2, CHART_TOP + CHART_HEIGHT + 37);
}

static void add_measures(html_page *page, const analysis *done)
{
    html_add(page, "<h3>Measures</h3>\n<table>\n<tr><th>Measure</th><th class=\"n\">Value</th>"
                   "<th></th><th>Meaning</th></tr>\n");
    for (const analysis_measure *m = analysis_measures; m->key != NULL; m++) {
        html_add(page, "<tr><td>%s</td><td class=\"n\">", m->name);
        add_number(page, analysis_value(m, done->result), m->decimals);
        html_add(page, "</td><td class=\"unit\">%s</td><td class=\"about\">%s</td></tr>\n", m->unit,
                 m->about);
    }
    html_add(page,
             "<tr><td>Clipped samples</td><td class=\"n\">%lld</td><td></td>"
             "<td class=\"about\">at or above 0.999 of full scale</td></tr>\n</table>\n",
             (long long)done->result->clipped_samples);
}

static void add_channels(html_page *page, const analysis *done)
{
    const cleave_meter_result *result = done->result;
    html_add(page, "<h3>Channels</h3>\n<table>\n<tr><th>Channel</th><th class=\"n\">RMS (dBFS)</th>"
                   "<th class=\"n\">Peak (dBFS)</th><th class=\"n\">True peak (dBTP)</th>"
                   "<th class=\"n\">DC offset</th></tr>\n");
    for (int32_t c = 0; c < audio_reader_info(done->reader)->channels; c++) {
        const double levels[] = {result->channel_rms_dbfs[c], result->channel_peak_dbfs[c],
                                 result->channel_true_peak_dbtp[c]};
        html_add(page, "<tr><td>%d</td>", (int)c + 1);
        for (int i = 0; i < 4; i++) {
            html_add(page, "<td class=\"n\">");
            add_number(page, i < 3 ? levels[i] : result->dc_offset[c], i < 3 ? 2 : 6);
            html_add(page, "</td>");
        }
        html_add(page, "</tr>\n");
    }
    html_add(page, "</table>\n");
}

static void add_places(html_page *page, const analysis_finding *finding, const analysis *done)
{
    const cleave_meter_places *places = analysis_places(finding, done->result);
    double rate_hz = audio_reader_info(done->reader)->rate_hz;
    if (places->total == 0) {
        html_add(page, "<p class=\"none\">%s: none.</p>\n", finding->name);
        return;
    }
    html_add(page,
             "<details%s><summary>%s: %lld place%s <span class=\"unit\">(%s)</span></summary>\n"
             "<table class=\"places\">\n<tr><th>From (min:s)</th><th class=\"n\">Length (ms)</th>"
             "<th class=\"n\">Channel</th><th class=\"n\">%s</th></tr>\n",
             places->total <= PLACES_OPEN ? " open=\"open\"" : "", finding->name,
             (long long)places->total, places->total == 1 ? "" : "s", finding->about,
             finding->value_name);
    int32_t shown = places->count < PLACES_SHOWN ? places->count : PLACES_SHOWN;
    for (int32_t i = 0; i < shown; i++) {
        const cleave_meter_place *place = &places->place[i];
        char clock[AXIS_LABEL];
        html_add(page, "<tr><td>%s</td><td class=\"n\">%.2f</td>",
                 axis_clock((double)place->frame / rate_hz, 0.001, clock),
                 1e3 * (double)place->frames / rate_hz);
        if (place->channel < 0) {
            html_add(page, "<td class=\"n\">all</td>");
        } else {
            html_add(page, "<td class=\"n\">%d</td>", (int)place->channel + 1);
        }
        html_add(page, "<td class=\"n\">");
        add_number(page, (double)place->value, 4);
        html_add(page, "</td></tr>\n");
    }
    html_add(page, "</table>\n");
    if (places->total > shown) {
        html_add(page, "<p class=\"none\">and %lld more</p>\n", (long long)(places->total - shown));
    }
    html_add(page, "</details>\n");
}

static void add_tags(html_page *page, const audio_info *info)
{
    if (info->tag_count == 0) {
        return;
    }
    html_add(page, "<h3>Tags</h3>\n<table>\n");
    for (int32_t i = 0; i < info->tag_count; i++) {
        html_add(page, "<tr><td>");
        html_words(page, info->tags[i].key);
        html_add(page, "</td><td>");
        html_words(page, info->tags[i].value);
        html_add(page, "</td></tr>\n");
    }
    html_add(page, "</table>\n");
}

void analysis_html_add(html_page *page, const analysis *done)
{
    html_add(page, "<section>\n<h2>");
    html_words(page, strcmp(done->input, "-") == 0 ? "standard input" : done->input);
    html_add(page, "</h2>\n");
    if (done->status != TRACK_DONE) {
        html_add(page, "<p class=\"bad\">");
        html_words(page, done->message);
        html_add(page, "</p>\n</section>\n");
        return;
    }
    add_facts(page, done);
    add_cards(page, done);
    add_picture(page, &done->waveform, "Waveform");
    add_picture(page, &done->spectrogram, "Spectrogram");
    if (png_backend() == NULL) {
        html_add(page, "<p class=\"none\">No pictures: this build is without libpng.</p>\n");
    }
    add_chart(page, done);
    add_measures(page, done);
    add_channels(page, done);
    html_add(page, "<h3>Places</h3>\n");
    for (const analysis_finding *f = analysis_findings; f->key != NULL; f++) {
        add_places(page, f, done);
    }
    add_tags(page, audio_reader_info(done->reader));
    html_add(page, "</section>\n");
}
