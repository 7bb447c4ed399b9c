package conf

import (
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for text, want := range map[string]struct{ listen, remote string }{
		"127.0.0.1:8080":        {"", ""},
		"[::1]:8080":            {"", ""},
		"kafka:9092":            {"", ""},
		":8080":                 {"", "has no host"},
		"127.0.0.1:0":           {"", "1 to 65535"},
		"127.0.0.1":             {"has no port", "has no port"},
		"127.0.0.1:":            {"has no port", "has no port"},
		"::1":                   {"has no port", "has no port"},
		"kafka":                 {"has no port", "has no port"},
		"":                      {"has no port", "has no port"},
		"127.0.0.1:99999":       {"1 to 65535", "1 to 65535"},
		"127.0.0.1:-1":          {"must be a number", "must be a number"},
		"127.0.0.1:http":        {"must be a number", "must be a number"},
		"127.0.0.1:8080 ":       {"without spaces", "without spaces"},
		"http://kafka:9092":     {"without a scheme", "without a scheme"},
		"99999999999999999999:": {"has no port", "has no port"},
	} {
		for what, c := range map[string]struct {
			err  error
			want string
		}{"listen": {listenAddress(text), want.listen}, "remote": {remoteAddress(text), want.remote}} {
			if (c.err == nil) != (c.want == "") || c.err != nil && !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("%s %q: %v, want %q", what, text, c.err, c.want)
			}
		}
	}
}

func TestSameListener(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"127.0.0.1:8080", "127.0.0.1:8080"}:          true,
		{"127.0.0.1:8080", "127.0.0.1:9080"}:          false,
		{"127.0.0.1:8080", "127.0.0.2:8080"}:          false,
		{"127.0.0.1:8080", "0.0.0.0:8080"}:            true,
		{":8080", "10.0.0.1:8080"}:                    true,
		{"[::]:8080", "127.0.0.1:8080"}:               true,
		{"localhost:8080", "127.0.0.1:8080"}:          true,
		{"[::ffff:127.0.0.1]:8080", "127.0.0.1:8080"}: true,
		{"127.0.0.1:0", "127.0.0.1:0"}:                false,
		{"127.0.0.1", "127.0.0.1"}:                    false,
	} {
		if sameListener(pair[0], pair[1]) != want || sameListener(pair[1], pair[0]) != want {
			t.Errorf("%v: want %v in both orders", pair, want)
		}
	}
}

// TestVariablesOfKubernetesAreIgnored also expects errors for similar names that
// Kubernetes does not set.
func TestVariablesOfKubernetesAreIgnored(t *testing.T) {
	good := []string{
		"SERVICE_HOST=10.96.0.12", "SERVICE_PORT=8080", "SERVICE_PORT_PUBLIC=8080", "PORT=tcp://10.96.0.12:8080",
		"PORT_8080_TCP=tcp://10.96.0.12:8080", "PORT_8080_TCP_PROTO=tcp", "PORT_8080_TCP_PORT=8080", "PORT_8080_TCP_ADDR=10.96.0.12",
		"SERVICE_HOST=fd00::12", "PORT=tcp://[fd00::12]:8080", "PORT_53_UDP=udp://10.96.0.12:53",
		"ADMIN_SERVICE_HOST=10.96.0.13", "ADMIN_PORT=tcp://10.96.0.13:9080", "ADMIN_PORT_9080_TCP_ADDR=10.96.0.13",
	}
	for i := range good {
		good[i] = "RAILGATE_STATION_" + good[i]
	}
	if s := mustLoad(t, "", nil, good); s.Name != "North" {
		t.Errorf("%+v", s)
	}
	for _, slip := range []string{
		"SERVICE_HOST=kafka", "SERVICE_PORT=many", "PORT=8080", "PORT=127.0.0.1:8080", "PORTS=tcp://10.96.0.12:8080", "SERVICE=10.96.0.12",
		"PORT_X_TCP=tcp://10.96.0.12:8080", "PORT_8080_TCP_NAME=x", "KAFKA_BROKER=kafka:9092", "LISTEN_ADDR=10.96.0.12", "SERVICE_PORT=",
		"PORT=http://10.96.0.12:8080", "PORT=tcp://user@10.96.0.12:8080", "service_host=10.96.0.12",
	} {
		_, _, err := load(t, "", nil, []string{"RAILGATE_STATION_" + slip})
		if name, _, _ := strings.Cut(slip, "="); err == nil || !strings.Contains(err.Error(), "RAILGATE_STATION_"+name+": there is no such setting") {
			t.Errorf("%s: %v", slip, err)
		}
	}
}
