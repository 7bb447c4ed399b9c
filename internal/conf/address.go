package conf

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// listenAddress checks an address to listen on: host:port with a number as port. An
// empty host means every address of the machine, port 0 any free port.
func listenAddress(text string) error {
	_, _, err := splitAddress(text)
	return err
}

// remoteAddress checks an address to connect to: it needs a host and a port.
func remoteAddress(text string) error {
	host, port, err := splitAddress(text)
	switch {
	case err != nil:
		return err
	case host == "":
		return fmt.Errorf("%q has no host", text)
	case port == 0:
		return errPort
	}
	return nil
}

var errPort = errors.New("the port must be 1 to 65535")

func splitAddress(text string) (host string, port uint64, err error) {
	if strings.ContainsAny(text, " \t\r\n/@") {
		return "", 0, fmt.Errorf("%q must be host:port, without spaces and without a scheme", text)
	}
	host, digits, err := net.SplitHostPort(text)
	if err != nil || digits == "" {
		return "", 0, fmt.Errorf("%q has no port: write host:port", text)
	}
	switch port, err = strconv.ParseUint(digits, 10, 16); {
	case errors.Is(err, strconv.ErrRange):
		err = errPort
	case err != nil:
		err = fmt.Errorf("%q: the port must be a number", text)
	}
	return host, port, err
}

// sameListener reports whether two listeners would conflict: same port, and same host or
// one host that means every address. Port 0 never conflicts.
func sameListener(a, b string) bool {
	hostA, portA, errA := splitAddress(a)
	hostB, portB, errB := splitAddress(b)
	if errA != nil || errB != nil || portA != portB || portA == 0 {
		return false
	}
	hostA, hostB = plainHost(hostA), plainHost(hostB)
	return hostA == hostB || hostA == "" || hostB == ""
}

// plainHost returns the canonical spelling of a host. Empty means every address.
func plainHost(host string) string {
	host = strings.ToLower(host)
	if host == "localhost" {
		return "127.0.0.1"
	}
	a, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case a.IsUnspecified():
		return ""
	}
	return a.Unmap().String()
}

// CheckListeners checks the settings listen and admin: the addresses of a program's two
// listeners.
func CheckListeners(listen, admin string) error {
	var same error
	if sameListener(listen, admin) {
		same = errors.New("must differ from listen")
	}
	return errors.Join(Field("listen", listenAddress(listen)), Field("admin", errors.Join(listenAddress(admin), same)))
}

// CheckBrokers checks a list of brokers. setting is the name of its setting.
func CheckBrokers(setting string, brokers []string) error {
	if len(brokers) == 0 {
		return Field(setting, errors.New("must contain at least one broker"))
	}
	var faults []error
	for _, b := range brokers {
		faults = append(faults, remoteAddress(b))
	}
	return Field(setting, errors.Join(faults...))
}
