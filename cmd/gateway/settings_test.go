package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// settings writes a file with valid settings, and makes a folder for snapshots.
func settings(t *testing.T) (file string) {
	t.Helper()
	dir := t.TempDir()
	snapshots := filepath.Join(dir, "snapshots")
	if err := os.Mkdir(snapshots, 0o700); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "gateway.toml")
	text := fmt.Sprintf("[kafka]\nbrokers = [\"127.0.0.1:9092\"]\nauthority = \"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\"\n\n[snapshots]\ndir = %q\n\n"+
		"[[device]]\nid = \"gate-1\"\nsha256 = %q\nscopes = [\"entry\"]\n", snapshots, strings.Repeat("0a", 32))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// One run of -check reports every invalid setting.
func TestCheckReportsEveryFault(t *testing.T) {
	file := settings(t)
	check := func(args ...string) error {
		return run(t.Context(), append([]string{"-config", file, "-check"}, args...))
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	err := check("-listen", "0.0.0.0", "-admin", "127.0.0.1:99999", "-kafka.brokers", "kafka-1:9092,kafka-2,kafka-3:0", "-secret_group", "-1")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`listen: "0.0.0.0" has no port: write host:port`, "admin: the port must be 1 to 65535",
		`kafka.brokers: "kafka-2" has no port: write host:port`, "kafka.brokers: the port must be 1 to 65535", "secret_group: must be the id",
	} {
		if strings.Count("\n"+err.Error(), "\n"+want) != 1 {
			t.Errorf("want %q once in\n%v", want, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 5 {
		t.Errorf("%d faults:\n%v", lines, err)
	}
	for want, args := range map[string][]string{
		"admin: must differ from listen":                              {"-listen", ":9080", "-admin", "127.0.0.1:9080"},
		"snapshots.dir: must be a folder that this gateway can write": {"-snapshots.dir", "/proc"},
		"snapshots.dir: must be a folder that exists":                 {"-snapshots.dir", filepath.Join(filepath.Dir(file), "none")},
	} {
		if strings.Contains(want, "can write") {
			if _, err := os.Stat("/proc/self"); err != nil {
				continue
			}
		}
		if err := check(args...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "snapshots", "*")); err != nil || len(left) > 0 {
		t.Errorf("files left in the folder: %v, %v", left, err)
	}
}

// Variables of a Kubernetes service with the gateway's name are ignored; a misspelled
// setting is an error.
func TestKubernetesServiceVariablesAreIgnored(t *testing.T) {
	file := settings(t)
	for name, value := range map[string]string{
		"SERVICE_HOST": "10.96.0.12", "SERVICE_PORT": "8080", "SERVICE_PORT_GATES": "8080", "PORT": "tcp://10.96.0.12:8080",
		"PORT_8080_TCP": "tcp://10.96.0.12:8080", "PORT_8080_TCP_PROTO": "tcp", "PORT_8080_TCP_PORT": "8080", "PORT_8080_TCP_ADDR": "10.96.0.12",
	} {
		t.Setenv("RAILGATE_GATEWAY_"+name, value)
	}
	if err := run(t.Context(), []string{"-config", file, "-check"}); err != nil {
		t.Error(err)
	}
	t.Setenv("RAILGATE_GATEWAY_LISTN", "0.0.0.0:8080")
	if err := run(t.Context(), []string{"-config", file, "-check"}); err == nil || !strings.Contains(err.Error(), "RAILGATE_GATEWAY_LISTN") {
		t.Errorf("a misspelled setting: %v", err)
	}
}
