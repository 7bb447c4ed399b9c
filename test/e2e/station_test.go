package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/test/runtest"
)

const patience = 30 * time.Second

// station is the binaries, their settings and where they listen.
type station struct {
	people                int // who applied so far: a person has one temporary ID at a time
	t                     *testing.T
	dir                   string
	gatewayURL, issuerURL string
	gatewayAdmin          string
	issuerAdmin           string
	bootstrap             []string // of the brokers
	topic                 string
	device, staff         string
}

// build makes the binaries once for all tests.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "railgate-e2e-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir, "../../cmd/gateway", "../../cmd/issuer", "../../cmd/loadtest").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := build(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

func (s *station) binary(name string) string {
	dir, err := build()
	if err != nil {
		s.t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

func (s *station) config(name string) string { return filepath.Join(s.dir, name+".toml") }

// target is the file that the load test's own command makes.
func (s *station) target() string { return filepath.Join(s.dir, "target.json") }

func (s *station) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// output runs a binary to its end and finds what the pattern's group matches.
func (s *station) output(pattern, name string, args ...string) string {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), s.binary(name), args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %v: %v %s", name, args, err, out)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(out)
	if found == nil {
		s.t.Fatalf("%s %v printed no %s", name, args, pattern)
	}
	return string(found[1])
}

// newStation sets everything up the way an operator does: with the commands'
// own keys and credentials, and two files.
func newStation(t *testing.T) *station {
	runtest.DependsOnSources(t, "../..")
	s := &station{t: t, dir: t.TempDir()}
	ports := freePorts(t, 4)
	s.gatewayURL, s.issuerURL, s.gatewayAdmin = "http://"+ports[0], "http://"+ports[1], "http://"+ports[2]
	s.issuerAdmin = "http://" + ports[3]
	topic := fmt.Sprintf("railgate.control.%d", time.Now().UnixNano()) // a real broker keeps topics
	s.topic = topic
	keys := filepath.Join(s.dir, "keys")
	secrets, err := stack.MakeSecrets(t.Context(), s.binary, keys)
	if err != nil {
		t.Fatal(err)
	}
	s.staff, s.device = secrets.Staff, secrets.Device
	announce := s.output(`(?s)(\[\[announce\]\]\nid = \d+\npublic = "[0-9a-f]{64}"\n)`, "loadtest",
		"-new-key", s.target(), "-gateway", s.gatewayURL, "-issuer", s.issuerURL, "-device", s.device, "-staff", s.staff)
	brokers, database := s.brokers(), s.database()

	s.write("issuer.toml", fmt.Sprintf("listen = %q\nadmin = %q\ndrain_delay = \"100ms\"\ndatabase = %q\nkeys = %q\n\n[real_person]\nprovider = \"sandbox\"\n\n[residents]\nprovider = \"sandbox\"\n\n"+
		"[kafka]\nbrokers = %s\ntopic = %q\nreplication = 1\nheartbeat = \"200ms\"\n\n%s\n%s",
		ports[1], ports[3], database, keys, brokers, topic, secrets.StaffEntry, announce))
	s.write("gateway.toml", fmt.Sprintf("listen = %q\nadmin = %q\ndrain_delay = \"100ms\"\n\n"+
		"[snapshots]\ndir = %q\nevery = \"1s\"\n\n"+
		"[kafka]\nbrokers = %s\ntopic = %q\nauthority = %q\n\n%s", ports[0], ports[2], s.dir, brokers, topic, secrets.Authority, secrets.DeviceEntry))
	return s
}

func (s *station) brokers() string {
	list := strings.Split(os.Getenv("RAILGATE_TEST_KAFKA"), ",")
	if list[0] == "" {
		b, err := fakekafka.Start()
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(b.Close)
		list = b.Addresses()
		s.t.Log("broker: in-process")
	} else {
		s.t.Log("broker: Kafka at", list)
	}
	s.bootstrap = list
	text, err := json.Marshal(list) // a TOML list of strings is spelled alike
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func (s *station) database() string {
	if dsn := os.Getenv("RAILGATE_TEST_POSTGRES"); dsn != "" {
		s.t.Log("database: PostgreSQL")
		return freshDatabase(s.t, dsn)
	}
	s.t.Log("database: SQLite")
	return filepath.Join(s.dir, "issuer.db")
}

// freePorts finds loopback addresses nobody listens on now.
func freePorts(t *testing.T, n int) (addresses []string) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}
