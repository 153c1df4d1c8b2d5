// One walk of an iterator program over everything it iterates, as far at a time as the caller wants.
#pragma once

#include <bpf/libbpf.h>
#include <sys/types.h>

namespace telegen {

class Iteration {
public:
	// `map` is what the program iterates, if it is a map; else -1.
	Iteration(const struct bpf_program *program, int map);
	~Iteration();
	Iteration(const Iteration &) = delete;
	Iteration &operator=(const Iteration &) = delete;

	// Goes on until the program has written `most` bytes; returns how many, 0 at the end, -1 and errno when it fails.
	ssize_t read(size_t most);

private:
	struct bpf_link *link_ = nullptr;
	int fd_ = -1;
	int error_ = 0;
};

} // namespace telegen
