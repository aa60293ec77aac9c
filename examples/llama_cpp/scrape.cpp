#include "scrape.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int Scrape::start(int port)
{
    sockaddr_in address{};
    socklen_t size = sizeof address;
    int yes = 1;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        close(listener_);
        listener_ = -1;
        return 0;
    }
    thread_ = std::thread([this] { serve(); });
    return ntohs(address.sin_port);
}

void Scrape::stop()
{
    stopped_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
    if (listener_ >= 0) {
        close(listener_);
        listener_ = -1;
    }
}

void Scrape::serve()
{
    while (!stopped_) {
        pollfd waits = {listener_, POLLIN, 0};
        if (poll(&waits, 1, 50) > 0) {
            int client = accept(listener_, nullptr, nullptr);
            if (client >= 0) {
                answer(client);
                close(client);
            }
        }
    }
}

/* A client that sends nothing, or takes nothing, is left after a second. */
void Scrape::answer(int client) const
{
    timeval patience = {1, 0};
    char question[2048];
    std::string body;
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ssize_t size = recv(client, question, sizeof question, 0);
    std::string asked(question, size > 0 ? static_cast<size_t>(size) : 0);
    const char* status = "404 Not Found";
    if (asked.rfind("GET /metrics ", 0) == 0) {
        status = page_(body) ? "200 OK" : "503 Service Unavailable";
    }
    std::string text = std::string("HTTP/1.1 ") + status +
                       "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8"
                       "\r\nConnection: close\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body;
    for (size_t sent = 0; sent < text.size();) {
        ssize_t part = send(client, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (part <= 0) {
            return;
        }
        sent += static_cast<size_t>(part);
    }
}
