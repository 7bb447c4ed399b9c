package conf

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// station is a configuration with all kinds of settings.
type station struct {
	Listen  netip.AddrPort `toml:"listen" doc:"public address, host:port"`
	Name    string         `toml:"name" doc:"text shown on the gate; empty: no text"`
	Open    bool           `toml:"open" doc:"whether the gate starts open"`
	Lanes   int            `toml:"lanes" doc:"number of lanes; 0 means none"`
	Bytes   int64          `toml:"bytes" doc:"largest request, bytes"`
	Share   float64        `toml:"share" doc:"part of requests that are traced, 0 to 1"`
	Kafka   kafka          `toml:"kafka" doc:"the control stream"`
	Doors   []door         `toml:"door" doc:"the doors of the station"`
	derived string
	Hidden  chan int `toml:"-"`
}

type kafka struct {
	Brokers  []string      `toml:"brokers" doc:"bootstrap brokers, host:port"`
	Timeout  time.Duration `toml:"timeout" doc:"longest wait for an answer; 0: no limit"`
	Password string        `toml:"password" doc:"SASL password; empty means no SASL" secret:"value"`
	CA       string        `toml:"ca_file" doc:"file of the broker's certificate authority" secret:"file"`
}

type door struct {
	Name  string         `toml:"name" doc:"name painted on the door"`
	Width float64        `toml:"width" doc:"metres"`
	From  netip.AddrPort `toml:"from" doc:"address of its reader"`
}

func (s *station) Validate() error {
	s.derived = s.Name + "!"
	var lanes error
	if s.Lanes < 0 {
		lanes = Field("lanes", errors.New("must not be negative"))
	}
	return errors.Join(lanes, Field("kafka", s.Kafka.validate()))
}

func (k kafka) validate() error {
	var brokers, timeout error
	if len(k.Brokers) == 0 {
		brokers = Field("brokers", errors.New("at least one is needed"))
	}
	if k.Timeout < 0 {
		timeout = Field("timeout", errors.New("must not be negative"))
	}
	return errors.Join(brokers, timeout)
}

func defaults() *station {
	return &station{
		Listen: netip.MustParseAddrPort("127.0.0.1:8080"), Name: "North", Lanes: 4, Bytes: 4096, Share: 0.5,
		Kafka: kafka{Brokers: []string{"127.0.0.1:9092", "127.0.0.1:9093"}, Timeout: 5 * time.Second, Password: "tickets-please"},
		Doors: []door{{Name: "default door", Width: 1}},
	}
}

var options = Options{Program: "railgate-station", About: "railgate-station opens a station.\nIt has doors.", EnvPrefix: "RAILGATE_STATION"}

func tempFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "station.toml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads a station. Empty content means no file.
func load(t testing.TB, content string, args, environ []string) (*station, Extra, error) {
	t.Helper()
	if content != "" {
		args = append([]string{"-config", tempFile(t, content)}, args...)
	}
	s := defaults()
	extra, err := Load(s, options, args, environ, io.Discard)
	return s, extra, err
}

func mustLoad(t testing.TB, content string, args, environ []string) *station {
	t.Helper()
	s, _, err := load(t, content, args, environ)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func equal(t testing.TB, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDefaultsAreValidated(t *testing.T) {
	want := defaults()
	want.derived = "North!"
	s, extra, err := load(t, "", nil, []string{"HOME=home", "RAILGATE_STATIONARY=x", "OTHER"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, s, want)
	equal(t, extra, Extra{})
}

func TestPrecedenceOfSources(t *testing.T) {
	const content = `name = "file"`
	env := []string{"RAILGATE_STATION_NAME=environment"}
	args := []string{"-name", "flag"}
	equal(t, mustLoad(t, "", nil, nil).Name, "North")
	equal(t, mustLoad(t, content, nil, nil).Name, "file")
	equal(t, mustLoad(t, content, nil, env).Name, "environment")
	equal(t, mustLoad(t, content, args, env).Name, "flag")
	equal(t, mustLoad(t, "", args, nil).Name, "flag")
}

func TestEveryKindCanBeSetFromEverySource(t *testing.T) {
	want := &station{
		Listen: netip.MustParseAddrPort("[::1]:1"), Name: "South, east", Open: true, Lanes: 0, Bytes: 1 << 40, Share: 1, derived: "South, east!",
		Kafka: kafka{Brokers: []string{"a:1", "b:2"}, Timeout: 90 * time.Second, Password: "p=q", CA: "ca.pem"},
		Doors: defaults().Doors,
	}
	pairs := [][2]string{
		{"listen", "[::1]:1"}, {"name", "South, east"}, {"open", "true"}, {"lanes", "0"}, {"bytes", "1099511627776"}, {"share", "1"},
		{"kafka.brokers", "a:1, b:2"}, {"kafka.timeout", "1m30s"}, {"kafka.password", "p=q"}, {"kafka.ca_file", "ca.pem"},
	}
	var args, env []string
	for _, p := range pairs {
		args = append(args, "-"+p[0]+"="+p[1])
		env = append(env, "RAILGATE_STATION_"+strings.ToUpper(strings.ReplaceAll(p[0], ".", "_"))+"="+p[1])
	}
	equal(t, mustLoad(t, "", args, nil), want)
	equal(t, mustLoad(t, "", nil, env), want)
	equal(t, mustLoad(t, `
listen = "[::1]:1"
name = "South, east"
open = true
lanes = 0
bytes = 1_099_511_627_776
share = 1
kafka.brokers = ["a:1", "b:2"]
kafka.timeout = "1m30s"
kafka.password = "p=q"
kafka.ca_file = "ca.pem"
`, nil, nil), want)
}

func TestListsReplaceTheirDefault(t *testing.T) {
	for _, content := range []string{"[[door]]\nname = \"A\"\n[[door]]\nwidth = 2\n", `door = [{name = "A"}, {width = 2.0}]`} {
		equal(t, mustLoad(t, content, nil, nil).Doors, []door{{Name: "A"}, {Width: 2}})
	}
	equal(t, mustLoad(t, "door = []", nil, nil).Doors, []door(nil))

	_, _, err := load(t, "", []string{"-kafka.brokers="}, nil)
	equal(t, text(err), "kafka.brokers: at least one is needed")
	_, _, err = load(t, "kafka.brokers = []", nil, nil)
	equal(t, text(err), "kafka.brokers: at least one is needed")
}

func TestBooleanFlagNeedsNoValue(t *testing.T) {
	equal(t, mustLoad(t, "", []string{"-open"}, nil).Open, true)
	equal(t, mustLoad(t, "open = true", []string{"-open=false"}, nil).Open, false)
}

func TestConfigFlagOverridesEnvironment(t *testing.T) {
	first, second := tempFile(t, `name = "first"`), tempFile(t, `name = "second"`)
	env := []string{"RAILGATE_STATION_CONFIG=" + first}
	s, extra, err := load(t, "", nil, env)
	equal(t, []any{s.Name, extra.ConfigFile, err}, []any{"first", first, nil})
	s, extra, err = load(t, "", []string{"-check", "-config", second}, env)
	equal(t, []any{s.Name, extra, err}, []any{"second", Extra{Check: true, ConfigFile: second}, nil})
	s, extra, err = load(t, "", []string{"-config="}, env)
	equal(t, []any{s.Name, extra.ConfigFile, err}, []any{"North", "", nil})
}

func TestCommandAddsFlags(t *testing.T) {
	var probe string
	opts := options
	opts.Flags = func(fs *flag.FlagSet) { fs.StringVar(&probe, "probe", "", "request `URL` and exit") }
	s := defaults()
	if _, err := Load(s, opts, []string{"-probe", "http://gate", "-name", "x"}, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, probe, "http://gate")
	equal(t, s.Name, "x")
}

func TestHelp(t *testing.T) {
	opts := options
	opts.Flags = func(fs *flag.FlagSet) { fs.String("probe", "", "request `URL` and exit") }
	for _, flagName := range []string{"-h", "--help"} {
		var out strings.Builder
		_, err := Load(defaults(), opts, []string{"-unknown", flagName}, []string{"RAILGATE_STATION_WRONG=1"}, &out)
		if !errors.Is(err, flag.ErrHelp) {
			t.Fatalf("%s: %v, want flag.ErrHelp", flagName, err)
		}
		golden(t, "help.txt", out.String())
	}
}

// golden compares got with a file. To update the file, copy the output of the test.
func golden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil || got != string(want) {
		t.Fatalf("testdata/%s differs (%v), want:\n%s", name, err, got)
	}
}

func TestHelpHidesSecretsAndWrapsLines(t *testing.T) {
	s := defaults()
	s.Name = strings.Repeat("a long name ", 30)
	s.Kafka.Brokers = []string{strings.Repeat("界", 300)}
	opts := options
	opts.EnvPrefix = "RAILGATE_" + strings.Repeat("LONG_", 16) + "STATION"
	var out strings.Builder
	if _, err := Load(s, opts, []string{"-h"}, nil, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > helpColumns {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if n := strings.Count(out.String(), "界"); n != 300 {
		t.Errorf("%d of the 300 characters of the long default are shown", n)
	}
	if strings.Contains(out.String(), "tickets-please") {
		t.Error("the default of a secret is shown")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestHelpReturnsWriteErrors(t *testing.T) {
	if _, err := Load(defaults(), options, []string{"-h"}, nil, brokenWriter{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Fatalf("got %v, want io.ErrClosedPipe", err)
	}
}

func TestInvalidStructsAreErrors(t *testing.T) {
	type other struct{ X int }
	cases := []struct {
		dst  any
		want string
	}{
		{station{}, "pointer to a struct"},
		{(*station)(nil), "pointer to a struct"},
		{nil, "pointer to a struct"},
		{&struct{ A int }{}, "needs a toml tag"},
		{&struct{ other }{}, ""}, // an unexported field is not a setting
		{&struct {
			A int `toml:"Upper" doc:"d"`
		}{}, "needs a toml tag of lower-case letters"},
		{&struct {
			A int `toml:"a"`
		}{}, "needs a doc tag"},
		{&struct {
			a int `toml:"a" doc:"d"`
		}{}, "is not exported"},
		{&struct {
			A uint8 `toml:"a" doc:"d"`
		}{}, "has the type uint8"},
		{&struct {
			A *netip.Addr `toml:"a" doc:"d"`
		}{}, "has the type *netip.Addr"},
		{&struct {
			A int `toml:"a" doc:"d"`
			B int `toml:"a" doc:"d"`
		}{}, "has the name of another field"},
		{&struct {
			A int `toml:"a_b" doc:"d"`
			B int `toml:"a-b" doc:"d"`
		}{}, "share the name RAILGATE_STATION_A_B"},
		{&struct {
			A string `toml:"config" doc:"d"`
		}{}, "the name of another flag"},
		{&struct {
			A string `toml:"help" doc:"d"`
		}{}, "the name of another flag"},
		{&struct {
			A string `toml:"a" doc:"d" secret:"yes"`
		}{}, `neither "value" nor "file"`},
		{&struct {
			L []struct{ X int } `toml:"l"`
		}{}, "needs a toml tag"},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%T", c.dst), func(t *testing.T) {
			_, err := Load(c.dst, options, nil, nil, io.Discard)
			if got := text(err); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if _, err := Load(defaults(), Options{}, nil, nil, io.Discard); err == nil {
		t.Error("Options without a program are accepted")
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
