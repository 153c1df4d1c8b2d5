#include "kernel_error.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace telegen {

namespace {

// A verifier log can reach megabytes; its end holds the reason.
constexpr size_t MAX_LOG_BYTES = 64 * 1024;

thread_local LogCapture *current_capture = nullptr;

int print_to_capture(enum libbpf_print_level level, const char *format, va_list args) {
	if (!current_capture || level == LIBBPF_DEBUG)
		return 0;
	char line[2048];
	int size = vsnprintf(line, sizeof(line), format, args);
	if (size > 0)
		current_capture->append(line, static_cast<size_t>(size) < sizeof(line) ? size : sizeof(line) - 1);
	return 0;
}

} // namespace

LogCapture::LogCapture() : outer_(current_capture) { current_capture = this; }

LogCapture::~LogCapture() { current_capture = outer_; }

void LogCapture::append(const char *line, size_t size) {
	text_.append(line, size);
	if (text_.size() > 2 * MAX_LOG_BYTES)
		text_.erase(0, text_.size() - MAX_LOG_BYTES);
}

void install_libbpf_logger() { libbpf_set_print(print_to_capture); }

Napi::Value kernel_error(Napi::Env env, const std::string &op, int error, const std::string &log) {
	const char *name = strerrorname_np(error);
	Napi::Error js = Napi::Error::New(env, op + ": " + strerror(error));
	js.Set("op", Napi::String::New(env, op));
	js.Set("errno", Napi::Number::New(env, error));
	js.Set("code", Napi::String::New(env, name ? name : "UNKNOWN"));
	js.Set("log", Napi::String::New(env, log.size() > MAX_LOG_BYTES ? log.substr(log.size() - MAX_LOG_BYTES) : log));
	js.ThrowAsJavaScriptException();
	return env.Undefined();
}

} // namespace telegen
