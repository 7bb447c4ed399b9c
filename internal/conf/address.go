package conf

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// listenAddress reports what is wrong with an address to listen on: host:port with a
// number as port. An empty host means every address of the machine, port 0 any free one.
func listenAddress(text string) error {
	_, _, err := splitAddress(text)
	return err
}

// remoteAddress reports what is wrong with an address to connect to: host and port must
// both be there.
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

// sameListener reports whether two addresses cannot both be listened on: one port, and
// one host or a host that stands for all. Port 0 is never the same.
func sameListener(a, b string) bool {
	hostA, portA, errA := splitAddress(a)
	hostB, portB, errB := splitAddress(b)
	if errA != nil || errB != nil || portA != portB || portA == 0 {
		return false
	}
	hostA, hostB = plainHost(hostA), plainHost(hostB)
	return hostA == hostB || hostA == "" || hostB == ""
}

// plainHost gives a host one spelling; empty: every address of the machine.
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

// CheckListeners reports what is wrong with a program's two listeners, by the names of
// their settings, listen and admin.
func CheckListeners(listen, admin string) error {
	var same error
	if sameListener(listen, admin) {
		same = errors.New("must be another address than listen")
	}
	return errors.Join(Field("listen", listenAddress(listen)), Field("admin", errors.Join(listenAddress(admin), same)))
}

// CheckBrokers reports what is wrong with a list of brokers, under the name of its setting.
func CheckBrokers(setting string, brokers []string) error {
	if len(brokers) == 0 {
		return Field(setting, errors.New("must name at least one broker"))
	}
	var faults []error
	for _, b := range brokers {
		faults = append(faults, remoteAddress(b))
	}
	return Field(setting, errors.Join(faults...))
}
