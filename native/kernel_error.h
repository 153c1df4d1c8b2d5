// Kernel and libbpf failures as JavaScript errors: {op, errno, code, message, log}.
#pragma once

#include <string>

#include "napi_setup.h"

namespace telegen {

// Throws into JavaScript; returns undefined so that callers can `return kernel_error(...)`.
// `error` is a positive errno. `log` is the verifier's or libbpf's text, may be empty.
Napi::Value kernel_error(Napi::Env env, const std::string &op, int error, const std::string &log = "");

// Collects what libbpf says on this thread while it is in scope.
class LogCapture {
public:
	LogCapture();
	~LogCapture();
	LogCapture(const LogCapture &) = delete;
	LogCapture &operator=(const LogCapture &) = delete;
	const std::string &text() const { return text_; }
	void append(const char *line, size_t size);

private:
	LogCapture *outer_;
	std::string text_;
};

// Routes libbpf's output into the LogCapture in scope (or nowhere). Safe to call more than once.
void install_libbpf_logger();

} // namespace telegen
