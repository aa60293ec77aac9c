/* GET /metrics on loopback, for an engine that has no HTTP server of its own. Where there is one,
   its handler calls append_metrics instead: no second port. */
#ifndef SCRAPE_H
#define SCRAPE_H

#include <atomic>
#include <functional>
#include <string>
#include <thread>

class Scrape {
public:
    explicit Scrape(std::function<bool(std::string&)> page) : page_(std::move(page)) {}
    ~Scrape() { stop(); }
    Scrape(const Scrape&) = delete;
    Scrape& operator=(const Scrape&) = delete;

    /* Listens on 127.0.0.1; port 0 takes a free one. The port, or 0: it is taken. */
    int start(int port);
    void stop();

private:
    void serve();
    void answer(int client) const;

    std::function<bool(std::string&)> page_;
    std::atomic<bool> stopped_{false};
    std::thread thread_;
    int listener_ = -1;
};

#endif
