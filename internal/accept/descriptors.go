package accept

// reserved descriptors are not for connections of the public listener: the admin
// listener, the brokers, files, and the one connection that is being refused.
const reserved = 64

// Connections is how many of the wanted connections a limit on descriptors has
// room for. A limit of 0 is unknown and has room for all; of a very low one,
// half is for connections.
func Connections(wanted int, descriptors uint64) int {
	if descriptors == 0 || descriptors >= uint64(wanted)+reserved {
		return wanted
	}
	return int(max(1, descriptors/2, descriptors-min(descriptors, reserved)))
}
