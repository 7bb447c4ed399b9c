package stack

import (
	"os"
	"strings"
	"testing"
)

// Each server has its own ports and file; a caller's settings replace the defaults.
func TestSettingsAreWrittenOnceEach(t *testing.T) {
	s := New(Config{Dir: t.TempDir(), Brokers: []string{"a:1", "b:2"}, Database: "postgres://u@h/d?x=1&y=2"})
	s.Secrets = Secrets{Authority: "00ff", StaffEntry: "[[staff]]\n", DeviceEntry: "[[device]]\n"}
	issuer, err := s.Issuer("issuer", Settings{"drain_delay": "0s", "kafka.partitions": 1, "kafka.heartbeat": nil}, "[[announce]]\n")
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := s.Gateway("gateway", nil)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		issuer.File: "admin = \"" + strings.TrimPrefix(issuer.Admin, "http://") + "\"\ndatabase = \"postgres://u@h/d?x=1\\u0026y=2\"\ndrain_delay = \"0s\"\nface_check.provider = \"sandbox\"\n" +
			"kafka.brokers = [\"a:1\",\"b:2\"]\nkafka.partitions = 1\nkafka.replication = 1\nkafka.topic = \"railgate.control\"\nkeys = \"" + s.Keys() + "\"\n" +
			"listen = \"" + strings.TrimPrefix(issuer.URL, "http://") + "\"\nresidents.provider = \"sandbox\"\n\n[[staff]]\n\n[[announce]]\n",
		gateway.File: "admin = \"" + strings.TrimPrefix(gateway.Admin, "http://") + "\"\ndrain_delay = \"100ms\"\nkafka.authority = \"00ff\"\n" +
			"kafka.brokers = [\"a:1\",\"b:2\"]\nkafka.topic = \"railgate.control\"\nlisten = \"" + strings.TrimPrefix(gateway.URL, "http://") + "\"\n" +
			"snapshots.dir = \"" + gateway.Snapshots + "\"\nsnapshots.every = \"1s\"\n\n[[device]]\n",
	} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", file, err, got, want)
		}
	}
	if issuer.URL == gateway.URL || issuer.URL == issuer.Admin {
		t.Error("two listeners have the same address")
	}
}
