package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/tokens"
)

const patience = 30 * time.Second

// system is a stack with an issuer and a gateway, and the clients that use them.
type system struct {
	*stack.Stack
	t               *testing.T
	issuer, gateway *stack.Server
	client          *passenger.Client
	gate            passenger.Gate
	loadKey         string // the table with which an issuer announces the key of the load test
	people          int    // number of applicants so far: a person has one temporary ID at a time
}

// binaries are built once for all tests.
var binaries = sync.OnceValues(func() (*process.Binaries, error) {
	return process.Build(context.Background(), "gateway", "issuer", "loadtest", "stream")
})

func TestMain(m *testing.M) {
	code := m.Run()
	if b, err := binaries(); err == nil {
		b.Close()
	}
	os.Exit(code)
}

// newSystem sets up a stack as an operator does: with keys and credentials made by the commands,
// and two settings files.
func newSystem(t *testing.T) *system {
	t.Helper()
	runtest.DependsOnSources(t, "../..")
	b, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	s := &system{t: t}
	s.Stack, err = stack.Setup(t.Context(), stack.Config{Dir: t.TempDir(), Binary: b.Path, Brokers: brokers(t), Database: database(t),
		Topic: fmt.Sprintf("railgate.control.%d", time.Now().UnixNano())}) // a real broker keeps topics
	if err != nil {
		t.Fatal(err)
	}
	if s.issuer, err = s.Issuer("issuer", nil); err != nil {
		t.Fatal(err)
	}
	if s.gateway, err = s.Gateway("gateway", nil); err != nil {
		t.Fatal(err)
	}
	send := passenger.HTTP(&http.Client{Timeout: patience})
	s.client = passenger.New(s.issuer.URL, send)
	s.gate = passenger.Gate{URL: s.gateway.URL, Device: s.Device, Send: send}
	s.loadKey = s.output(`(?s)(\[\[announce\]\]\nid = \d+\npublic = "[0-9a-f]{64}"\n)`, "loadtest", "-new-key", s.target(),
		"-gateway", s.gateway.URL, "-issuer", s.issuer.URL, "-device", s.Device, "-staff", s.Staff)
	if err := s.issuer.Add(s.loadKey); err != nil {
		t.Fatal(err)
	}
	return s
}

func brokers(t *testing.T) []string {
	t.Helper()
	if real := os.Getenv("RAILGATE_TEST_KAFKA"); real != "" {
		t.Log("broker: Kafka at", real)
		return strings.Split(real, ",")
	}
	t.Log("broker: in-process")
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b.Addresses()
}

func database(t *testing.T) string {
	t.Helper()
	server := os.Getenv(databasetest.PostgresEnv)
	if server == "" {
		t.Log("database: SQLite")
		return filepath.Join(t.TempDir(), "issuer.db")
	}
	t.Log("database: PostgreSQL")
	d, err := stack.NewDatabase(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Drop)
	return d.URL
}

// target returns the path of the target file that the load test's command makes.
func (s *system) target() string { return filepath.Join(s.Dir, "target.json") }

// run runs a binary to its end.
func (s *system) run(name string, args ...string) (string, error) {
	out, err := exec.CommandContext(s.t.Context(), s.Binary(name), args...).CombinedOutput()
	return string(out), err
}

// output runs a binary to its end and returns the match of the pattern's group.
func (s *system) output(pattern, name string, args ...string) string {
	s.t.Helper()
	out, err := s.run(name, args...)
	if err != nil {
		s.t.Fatalf("%s %v: %v %s", name, args, err, out)
	}
	found := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if found == nil {
		s.t.Fatalf("%s %v printed no %s", name, args, pattern)
	}
	return found[1]
}

func (s *system) startIssuer(args ...string) *process.Process  { return s.start(s.issuer, args...) }
func (s *system) startGateway(args ...string) *process.Process { return s.start(s.gateway, args...) }

// start starts a server, which ends with the test.
func (s *system) start(v *stack.Server, args ...string) *process.Process {
	s.t.Helper()
	p, err := v.Start(process.AnyCPU, args...)
	return s.endWithTest(p, err)
}

// endWithTest ends a process with the test, and logs its output if the test failed.
func (s *system) endWithTest(p *process.Process, err error) *process.Process {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		p.Kill()
		if s.t.Failed() {
			s.t.Logf("the output of %s:\n%s", p.Name, p.Tail())
		}
	})
	return p
}

// stop ends a process in order; it must end within its drain time.
func (s *system) stop(p *process.Process) {
	s.t.Helper()
	if err := p.Stop(patience); err != nil {
		s.t.Error(err)
	}
}

// ready waits until servers are ready.
func (s *system) ready(servers ...*stack.Server) {
	s.t.Helper()
	for _, v := range servers {
		if err := v.Ready(s.t.Context(), patience, nil); err != nil {
			s.t.Fatal(err)
		}
	}
}

// passenger applies for the next passenger and opens a session.
func (s *system) passenger() *passenger.Session {
	s.t.Helper()
	s.people++
	session, err := s.client.Open(s.t.Context(), passenger.Resident(passenger.Tests, s.people), tokens.Link{1, 2, 3})
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

func (s *system) revoke(of *passenger.Session) {
	s.t.Helper()
	if err := s.client.Revoke(s.t.Context(), of.Of.Serial, s.Staff); err != nil {
		s.t.Fatal(err)
	}
}

// leave closes the passenger's page.
func (s *system) leave(session *passenger.Session) {
	s.t.Helper()
	if err := s.client.Leave(s.t.Context(), session.Of); err != nil {
		s.t.Fatal(err)
	}
}

// check checks the session's code at the gate and returns the reason, or the error.
func (s *system) check(session *passenger.Session) string {
	v, err := s.gate.Check(s.t.Context(), session.Text(time.Now()), "entry")
	if err != nil {
		return err.Error()
	}
	return v.Reason + v.Code // one of them is empty
}

func (s *system) mustAnswer(session *passenger.Session, want string) {
	s.t.Helper()
	if got := s.check(session); got != want {
		s.t.Fatalf("the gateway answered %q, want %q", got, want)
	}
}

// get returns the answer of a URL; status 0 and the error if there is none.
func get(url string) (status int, body string) {
	answer, err := passenger.HTTP(http.DefaultClient)(context.Background(), passenger.Request{Method: "GET", URL: url})
	if err != nil {
		return 0, err.Error()
	}
	return answer.Status, string(answer.Body)
}

func healthy(v *stack.Server) bool {
	status, _ := get(v.URL + "/healthz")
	return status == http.StatusOK
}
