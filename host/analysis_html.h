/* analysis_html.h: the report of `cleave analyze`: one page that needs nothing but itself. */
#ifndef CLEAVE_HOST_ANALYSIS_HTML_H
#define CLEAVE_HOST_ANALYSIS_HTML_H

#include "host/analysis.h"
#include "host/html.h"

/* The page is a head, a section for each file (a failed one tells its sentence), and an end. */
void analysis_html_begin(html_page *page, int32_t count);
void analysis_html_add(html_page *page, const analysis *done);
void analysis_html_end(html_page *page);

#endif
