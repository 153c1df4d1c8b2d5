#include "iteration.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace telegen {

namespace {

// What the kernel buffers of an iterator's output (eight pages) is the most that one read can give.
constexpr size_t MOST = 32768;

} // namespace

Iteration::Iteration(const struct bpf_program *program, int map) {
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));
	info.map.map_fd = map;
	link_ = bpf_program__attach_iter(program, map < 0 ? nullptr : &options);
	if (link_)
		fd_ = bpf_iter_create(bpf_link__fd(link_));
	if (fd_ < 0)
		error_ = errno;
}

Iteration::~Iteration() {
	if (fd_ >= 0)
		::close(fd_);
	bpf_link__destroy(link_);
}

ssize_t Iteration::read(size_t most) {
	static thread_local char unused[MOST];
	ssize_t got = -1;
	if (error_) {
		errno = error_;
		return -1;
	}
	// EAGAIN: a million elements passed without any output.
	do
		got = ::read(fd_, unused, std::min(most, MOST));
	while (got < 0 && (errno == EAGAIN || errno == EINTR));
	return got;
}

} // namespace telegen
