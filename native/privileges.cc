#include "privileges.h"

#include <dirent.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "arguments.h"
#include "kernel_error.h"

namespace telegen {

namespace {

constexpr int LAST_CAPABILITY = 63;
// For one thread to answer. It needs a turn on a processor, no more.
constexpr time_t ANSWER_SECONDS = 10;

// Capabilities belong to threads, and glibc has no call for all of them as it has for user ids: each is told by a signal.
std::atomic<uint64_t> kept{0};
std::atomic<int> failure{0};
sem_t answered;

// Only system calls: it runs wherever the thread happens to be.
int limit_this_thread(uint64_t keep) {
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	// Without CAP_SETPCAP the bounding set stays; no new privileges then makes it meaningless.
	for (int capability = 0; capability <= LAST_CAPABILITY; capability++)
		if (!(keep >> capability & 1))
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_capget, &header, data) != 0)
		return errno;
	for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
		data[word].permitted &= static_cast<uint32_t>(keep >> (32 * word));
		data[word].effective = data[word].permitted;
		data[word].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

void on_signal(int) {
	int before = errno;
	int error = limit_this_thread(kept);
	if (error != 0)
		failure = error;
	sem_post(&answered);
	errno = before;
}

std::vector<pid_t> threads() {
	std::vector<pid_t> found;
	DIR *directory = opendir("/proc/self/task");
	if (!directory)
		return found;
	while (struct dirent *entry = readdir(directory))
		if (entry->d_name[0] != '.')
			found.push_back(static_cast<pid_t>(strtol(entry->d_name, nullptr, 10)));
	closedir(directory);
	return found;
}

bool await_answer() {
	struct timespec deadline = {};
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += ANSWER_SECONDS;
	while (sem_timedwait(&answered, &deadline) != 0)
		if (errno != EINTR)
			return false;
	return true;
}

// Until a look at all threads finds none that was not told: one that was made meanwhile may be a copy of an untold one.
int tell_others(int signal, size_t *count) {
	std::set<pid_t> told = {static_cast<pid_t>(syscall(SYS_gettid))};
	for (bool again = true; again;) {
		again = false;
		std::vector<pid_t> all = threads();
		if (all.empty())
			return ENOENT;
		for (pid_t thread : all) {
			if (!told.insert(thread).second)
				continue;
			again = true;
			if (syscall(SYS_tgkill, getpid(), thread, signal) != 0)
				continue;
			if (!await_answer())
				return ETIMEDOUT;
		}
		*count = all.size();
	}
	return failure;
}

int limit_all_threads(uint64_t keep, size_t *count) {
	struct sigaction action = {};
	struct sigaction before = {};
	int signal = SIGRTMIN + 5;

	kept = keep;
	failure = 0;
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigfillset(&action.sa_mask);
	if (sem_init(&answered, 0, 0) != 0 || sigaction(signal, &action, &before) != 0)
		return errno;
	int error = tell_others(signal, count);
	// This thread comes last: others may need what it may do, to be told.
	if (error == 0)
		error = limit_this_thread(keep);
	// A thread that answers late must find the handler, or the signal ends the process.
	if (error != ETIMEDOUT)
		sigaction(signal, &before, nullptr);
	if (error == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		error = errno;
	return error;
}

// Name, or number of a user without an entry.
int find_user(const std::string &name, struct passwd *found, std::vector<char> *text) {
	struct passwd *entry = nullptr;
	int error = getpwnam_r(name.c_str(), found, text->data(), text->size(), &entry);
	if (entry)
		return 0;
	char *end = nullptr;
	unsigned long number = strtoul(name.c_str(), &end, 10);
	if (name.empty() || *end != '\0' || number == 0 || number > INT32_MAX)
		return error != 0 ? error : ENOENT;
	getpwuid_r(static_cast<uid_t>(number), found, text->data(), text->size(), &entry);
	if (!entry)
		*found = {nullptr, nullptr, static_cast<uid_t>(number), static_cast<gid_t>(number), nullptr, nullptr, nullptr};
	return 0;
}

// The calls of glibc: they reach every thread.
const char *become(const struct passwd &user) {
	int groups_ok = user.pw_name ? initgroups(user.pw_name, user.pw_gid) : setgroups(1, &user.pw_gid);
	if (groups_ok != 0)
		return "setgroups";
	if (setresgid(user.pw_gid, user.pw_gid, user.pw_gid) != 0)
		return "setresgid";
	// Of this thread alone; the others lose everything with the user id.
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return "prctl";
	return setresuid(user.pw_uid, user.pw_uid, user.pw_uid) == 0 ? nullptr : "setresuid";
}

int raise_permitted() {
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data) != 0)
		return errno;
	for (auto &word : data)
		word.effective = word.permitted;
	return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

} // namespace

Napi::Value switch_user(const Napi::CallbackInfo &info) {
	std::string name;
	struct passwd user = {};
	std::vector<char> text(65536);

	if (!want_string(info, 0, &name))
		return info.Env().Undefined();
	if (int error = find_user(name, &user, &text); error != 0)
		return kernel_error(info.Env(), "getpwnam", error);
	if (const char *failed = become(user); failed)
		return kernel_error(info.Env(), failed, errno);
	if (int error = raise_permitted(); error != 0)
		return kernel_error(info.Env(), "capset", error);
	Napi::Object result = Napi::Object::New(info.Env());
	result.Set("uid", Napi::Number::New(info.Env(), user.pw_uid));
	result.Set("gid", Napi::Number::New(info.Env(), user.pw_gid));
	return result;
}

Napi::Value limit_capabilities(const Napi::CallbackInfo &info) {
	uint64_t keep = 0;
	size_t count = 0;

	if (info.Length() < 1 || !info[0].IsArray()) {
		type_error(info.Env(), "a list of capability numbers");
		return info.Env().Undefined();
	}
	auto numbers = info[0].As<Napi::Array>();
	for (uint32_t i = 0; i < numbers.Length(); i++)
		keep |= uint64_t{1} << (numbers.Get(i).ToNumber().Uint32Value() & LAST_CAPABILITY);
	if (int error = limit_all_threads(keep, &count); error != 0)
		return kernel_error(info.Env(), "capset", error);
	return Napi::Number::New(info.Env(), static_cast<double>(count));
}

} // namespace telegen
