#include "network.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernel_error.h"

namespace telegen {

namespace {

Napi::Object describe(Napi::Env env, int fd, const struct if_nameindex &each) {
	struct ifreq request = {};
	struct ethtool_drvinfo driver = {};
	Napi::Object entry = Napi::Object::New(env);

	strncpy(request.ifr_name, each.if_name, IFNAMSIZ - 1);
	entry.Set("name", each.if_name);
	entry.Set("index", Napi::Number::New(env, each.if_index));
	bool typed = ioctl(fd, SIOCGIFHWADDR, &request) == 0;
	entry.Set("type", Napi::Number::New(env, typed ? request.ifr_hwaddr.sa_family : -1));
	bool flagged = ioctl(fd, SIOCGIFFLAGS, &request) == 0;
	entry.Set("up", Napi::Boolean::New(env, flagged && (request.ifr_flags & IFF_UP) != 0));
	driver.cmd = ETHTOOL_GDRVINFO;
	request.ifr_data = reinterpret_cast<char *>(&driver);
	bool driven = ioctl(fd, SIOCETHTOOL, &request) == 0;
	driver.driver[sizeof(driver.driver) - 1] = driver.bus_info[sizeof(driver.bus_info) - 1] = 0;
	entry.Set("driver", Napi::String::New(env, driven ? driver.driver : ""));
	entry.Set("bus", Napi::String::New(env, driven ? driver.bus_info : ""));
	return entry;
}

} // namespace

Napi::Value network_interfaces(const Napi::CallbackInfo &info) {
	Napi::Array list = Napi::Array::New(info.Env());
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return kernel_error(info.Env(), "list interfaces", errno);
	struct if_nameindex *all = if_nameindex();
	int error = all ? 0 : errno;
	for (struct if_nameindex *each = all; each && each->if_index; each++)
		list.Set(list.Length(), describe(info.Env(), fd, *each));
	if_freenameindex(all);
	::close(fd);
	return error ? kernel_error(info.Env(), "list interfaces", error) : list;
}

} // namespace telegen
