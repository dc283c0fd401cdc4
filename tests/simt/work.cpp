// work.cpp: pieces of work, streams of them, and graphs.
#include "tests/simt/work.h"

#include <algorithm>
#include <map>

namespace
{

std::vector<simt_piece_ptr> pending;

void forget_done()
{
    pending.erase(std::remove_if(pending.begin(), pending.end(),
                                 [](const simt_piece_ptr &p) { return p->done; }),
                  pending.end());
}

bool is_done(const simt_piece_ptr &p)
{
    return p->done;
}

uint64_t draw(uint64_t *state, uint64_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

} // namespace

simt_piece_ptr simt_add(simt_stream *stream, std::vector<simt_piece_ptr> after,
                        std::function<void()> begin, std::function<void()> body)
{
    const simt_piece_ptr p = std::make_shared<simt_piece>();

    p->begin = std::move(begin);
    p->body = std::move(body);
    if (stream->last)
        after.push_back(stream->last);
    for (const simt_piece_ptr &before : after) {
        if (before->done)
            continue;
        if (before->captured_in != stream->capture)
            simt_die(stream->capture ? "what is captured waits for work outside of its graph"
                                     : "work waits for what is being captured");
        p->after.push_back(before);
    }
    stream->last = p;
    if (stream->capture) {
        p->captured_in = stream->capture;
        stream->capture->pieces.push_back(p);
        return p;
    }
    if (p->begin)
        p->begin();
    pending.push_back(p);
    return p;
}

void simt_complete(const simt_piece_ptr &wanted)
{
    std::vector<simt_piece_ptr> stack;

    if (!wanted || wanted->done)
        return;
    if (wanted->captured_in)
        simt_die("what was captured is waited for as if it had been started");
    const simt_access open;
    stack.push_back(wanted);
    while (!stack.empty()) {
        const simt_piece_ptr top = stack.back();
        const auto missing = std::find_if_not(top->after.begin(), top->after.end(), is_done);
        if (!top->done && missing != top->after.end()) {
            stack.push_back(*missing);
            continue;
        }
        stack.pop_back();
        if (!top->done && top->body)
            top->body();
        top->done = true;
        top->after.clear();
    }
}

void simt_complete_all()
{
    for (forget_done(); !pending.empty(); forget_done())
        simt_complete(pending.back());
}

void simt_run_ahead(uint64_t *state)
{
    forget_done();
    for (uint64_t tries = draw(state, 4); tries > 0 && !pending.empty(); tries--) {
        const simt_piece_ptr p = pending[draw(state, pending.size())];
        if (std::all_of(p->after.begin(), p->after.end(), is_done))
            simt_complete(p);
    }
}

void simt_capture(simt_stream *stream, simt_graph *graph)
{
    stream->capture = graph;
    stream->before_capture = stream->last;
    stream->last = nullptr;
}

void simt_capture_stop(simt_stream *stream)
{
    stream->capture = nullptr;
    stream->last = stream->before_capture;
    stream->before_capture = nullptr;
}

bool simt_is_joined(const simt_graph &graph, const simt_piece_ptr &last)
{
    std::set<const simt_piece *> before{last.get()};

    for (auto p = graph.pieces.rbegin(); p != graph.pieces.rend(); ++p)
        if (before.count(p->get()))
            for (const simt_piece_ptr &b : (*p)->after)
                before.insert(b.get());
    return std::all_of(graph.pieces.begin(), graph.pieces.end(),
                       [&](const simt_piece_ptr &p) { return before.count(p.get()) > 0; });
}

void simt_launch_graph(const simt_graph &graph, simt_stream *stream)
{
    std::map<const simt_piece *, simt_piece_ptr> made;
    std::vector<simt_piece_ptr> all;

    for (const simt_piece_ptr &from : graph.pieces) {
        const simt_piece_ptr p = std::make_shared<simt_piece>();
        p->body = from->body;
        for (const simt_piece_ptr &before : from->after)
            p->after.push_back(made.at(before.get()));
        if (p->after.empty() && stream->last)
            p->after.push_back(stream->last);
        if (from->begin)
            from->begin();
        made[from.get()] = p;
        all.push_back(p);
        pending.push_back(p);
    }
    simt_add(stream, all, {}, {});
}
