//go:build !amd64 || purego

package links

// accelerated is false: there is no assembly for this platform.
var accelerated = false

func back(link *[16]byte, serial *[6]byte, from, to uint8) { plain(link, serial, from, to) }
func backAll(chains []Chain)                               { plainAll(chains) }
