package conf

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// faultsOf loads a configuration and returns the lines of the error, with FILE in place
// of the file's path.
func faultsOf(t *testing.T, content string, args, environ []string) []string {
	t.Helper()
	_, extra, err := load(t, content, args, environ)
	if err == nil {
		return nil
	}
	path := extra.ConfigFile
	if path == "" {
		path = "\x00" // matches nothing
	}
	return strings.Split(strings.ReplaceAll(err.Error(), path, "FILE"), "\n")
}

func TestFileFaults(t *testing.T) {
	cases := map[string]struct {
		content string
		want    []string
	}{
		"unknown key":        {"lanes = 1\nnmae = \"x\"", []string{"FILE:2: nmae: unknown key, expected one of: listen, name, open, lanes, bytes, share, kafka, door"}},
		"key in other case":  {"Name = \"x\"", []string{"FILE:1: Name: unknown key, expected one of: listen, name, open, lanes, bytes, share, kafka, door"}},
		"unknown table":      {"\n[kafak]\ntimeout = \"5s\"", []string{"FILE:2: kafak: unknown key, expected one of: listen, name, open, lanes, bytes, share, kafka, door"}},
		"implied table":      {"\n[a.b.c]\nx = 1", []string{"FILE:2: a: unknown key, expected one of: listen, name, open, lanes, bytes, share, kafka, door"}},
		"unknown in a table": {"[kafka]\n\"time out\" = 1", []string{`FILE:2: kafka."time out": unknown key, expected one of: brokers, timeout, password, ca_file`}},
		"hidden field":       {"Hidden = 1", []string{"FILE:1: Hidden: unknown key, expected one of: listen, name, open, lanes, bytes, share, kafka, door"}},
		"string":             {"name = 1", []string{"FILE:1: name: expected a string, got an integer"}},
		"bool":               {"open = \"true\"", []string{"FILE:1: open: expected true or false, got a string"}},
		"int":                {"lanes = 1.0", []string{"FILE:1: lanes: expected a whole number of at most 64 bits, got a float"}},
		"float":              {"share = nan", []string{"FILE:1: share: expected a finite number, got a float"}},
		"infinity":           {"share = inf", []string{"FILE:1: share: expected a finite number, got a float"}},
		"duration in ns":     {"[kafka]\ntimeout = 5", []string{`FILE:2: kafka.timeout: expected a duration such as "5s" or "1m30s", got an integer`}},
		"duration":           {"[kafka]\ntimeout = \"5 s\"", []string{`FILE:2: kafka.timeout: expected a duration such as "5s" or "1m30s", got "5 s"`}},
		"list of ints":       {"[kafka]\nbrokers = [1]", []string{"FILE:2: kafka.brokers: expected a list of strings, got an array"}},
		"list":               {"[kafka]\nbrokers = \"a:1\"", []string{"FILE:2: kafka.brokers: expected a list of strings, got a string"}},
		"text":               {"listen = \"nowhere\"", []string{`FILE:1: listen: "nowhere" is not valid: not an ip:port`}},
		"text as a date":     {"listen = 2026-01-01", []string{"FILE:1: listen: expected a string, got a date or time"}},
		"table":              {"kafka = 5", []string{"FILE:1: kafka: expected a table, got an integer"}},
		"table as tables":    {"[[kafka]]\ntimeout = \"1s\"", []string{"FILE:1: kafka: expected a table, got an array of tables"}},
		"leaf as a table":    {"[name]\nx = 1", []string{"FILE:1: name: expected a string, got a table"}},
		"tables as a table":  {"[door]\nname = \"A\"", []string{"FILE:1: door: expected an array of tables, got a table"}},
		"tables as a leaf":   {"door = 1", []string{"FILE:1: door: expected an array of tables, got an integer"}},
		"tables of ints":     {"door = [{name = \"A\"}, 7]", []string{"FILE:1: door[1]: expected a table, got an integer"}},
		"one bad element":    {"[[door]]\nname = \"A\"\n[[door]]\nwidth = true", []string{"FILE:4: door[1].width: expected a finite number, got a boolean"}},
		"unknown in element": {"[[door]]\ncolour = 1", []string{"FILE:2: door[0].colour: unknown key, expected one of: name, width, from"}},
		// The library stores one position for both widths, so the line is omitted.
		"two bad elements": {"[[door]]\nwidth = true\n[[door]]\nwidth = false", []string{
			"FILE: door[0].width: expected a finite number, got a boolean", "FILE: door[1].width: expected a finite number, got a boolean"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { equal(t, faultsOf(t, c.content, nil, nil), c.want) })
	}
}

func TestFlagAndEnvironmentFaults(t *testing.T) {
	cases := map[string]struct {
		args, environ []string
		want          []string
	}{
		"bool":          {[]string{"-open=1"}, []string{"RAILGATE_STATION_OPEN=yes"}, []string{`environment RAILGATE_STATION_OPEN: open: expected true or false, got "yes"`, `flag: open: expected true or false, got "1"`}},
		"int":           {nil, []string{"RAILGATE_STATION_LANES=99999999999999999999"}, []string{`environment RAILGATE_STATION_LANES: lanes: expected a whole number of at most 64 bits, got "99999999999999999999"`}},
		"empty int":     {nil, []string{"RAILGATE_STATION_LANES="}, []string{`environment RAILGATE_STATION_LANES: lanes: expected a whole number of at most 64 bits, got ""`}},
		"float":         {[]string{"-share", "NaN"}, nil, []string{`flag: share: expected a finite number, got "NaN"`}},
		"duration":      {[]string{"-kafka.timeout=5"}, nil, []string{`flag: kafka.timeout: expected a duration such as "5s" or "1m30s", got "5"`}},
		"list":          {[]string{"-kafka.brokers=a:1,,b:2"}, nil, []string{`flag: kafka.brokers: expected a list of strings, got "a:1,,b:2"`}},
		"text":          {[]string{"-listen=x"}, nil, []string{`flag: listen: "x" is not valid: not an ip:port`}},
		"unknown name":  {nil, []string{"RAILGATE_STATION_KAFKA_PASSWROD=tickets-please"}, []string{"environment RAILGATE_STATION_KAFKA_PASSWROD: there is no such setting; -h lists the names"}},
		"tables":        {nil, []string{"RAILGATE_STATION_DOOR=x"}, []string{"environment RAILGATE_STATION_DOOR: there is no such setting; -h lists the names"}},
		"unknown flag":  {[]string{"-nmae", "x", "-lanes=x"}, nil, []string{"flag: flag provided but not defined: -nmae; -h lists the names", `flag: lanes: expected a whole number of at most 64 bits, got "x"`}},
		"no flag":       {[]string{"--=x", "-lanes=x"}, nil, []string{"flag: expected -name or -name=value; -h lists the names", `flag: lanes: expected a whole number of at most 64 bits, got "x"`}},
		"no value":      {[]string{"-name"}, nil, []string{"flag: flag needs an argument: -name; -h lists the names"}},
		"argument":      {[]string{"start", "-lanes=x", "--", "now"}, nil, []string{"argument: expected only flags, got another argument: the text is not shown, since it may be a secret", "argument: expected only flags, got another argument: the text is not shown, since it may be a secret", `flag: lanes: expected a whole number of at most 64 bits, got "x"`}},
		"long value":    {[]string{"-lanes=" + strings.Repeat("7", 5000)}, nil, []string{`flag: lanes: expected a whole number of at most 64 bits, got "` + strings.Repeat("7", maxQuoted) + `"...`}},
		"validated":     {[]string{"-lanes=-1", "-kafka.timeout=-1s"}, nil, []string{"lanes: must not be negative", "kafka.timeout: must not be negative"}},
		"overridden":    {[]string{"-lanes=1"}, []string{"RAILGATE_STATION_LANES=x"}, []string{`environment RAILGATE_STATION_LANES: lanes: expected a whole number of at most 64 bits, got "x"`}},
		"not a boolean": {[]string{"-check=perhaps"}, nil, []string{`flag: invalid boolean value "perhaps" for -check: parse error; -h lists the names`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { equal(t, faultsOf(t, "", c.args, c.environ), c.want) })
	}
}

func TestArgumentIsShownWithoutSecrets(t *testing.T) {
	dst := &struct {
		Name string `toml:"name" doc:"a name"`
	}{}
	_, err := Load(dst, options, []string{"start"}, nil, io.Discard)
	equal(t, text(err), `argument: expected only flags, got another argument: "start"`)
}

func TestAllFaultsAreReportedTogether(t *testing.T) {
	got := faultsOf(t, "name = 1\ncolour = 2\n[kafka]\ntimeout = 3\nbrokers = []\n",
		[]string{"-share=x"}, []string{"RAILGATE_STATION_LANES=x", "RAILGATE_STATION_X=1"})
	equal(t, got, []string{
		"FILE:1: name: expected a string, got an integer",
		"FILE:2: colour: unknown key, expected one of: listen, name, open, lanes, bytes, share, kafka, door",
		`FILE:4: kafka.timeout: expected a duration such as "5s" or "1m30s", got an integer`,
		"environment RAILGATE_STATION_X: there is no such setting; -h lists the names",
		`environment RAILGATE_STATION_LANES: lanes: expected a whole number of at most 64 bits, got "x"`,
		`flag: share: expected a finite number, got "x"`,
		"kafka.brokers: at least one is needed",
	})
}

func TestUnreadableSettingsAreNotValidated(t *testing.T) {
	withoutBrokers := func(args ...string) string {
		s := defaults()
		s.Kafka.Brokers = nil // required
		_, err := Load(s, options, args, nil, io.Discard)
		return text(err)
	}
	equal(t, withoutBrokers(), "kafka.brokers: at least one is needed")
	equal(t, withoutBrokers("-kafka.brokers=,"), `flag: kafka.brokers: expected a list of strings, got ","`)
	if got := withoutBrokers("-config", tempFile(t, "[kafka")); strings.Contains(got, "kafka.brokers") {
		t.Errorf("brokers are reported as missing after a syntax error: %s", got)
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none.toml")
	for path, want := range map[string]string{
		missing: missing + ": cannot open: no such file or directory",
		dir:     dir + ": cannot read: is a directory",
	} {
		_, err := Load(defaults(), options, []string{"-config", path}, nil, io.Discard)
		equal(t, text(err), want)
	}
	full := "#" + strings.Repeat("x", maxFile-1)
	equal(t, faultsOf(t, full, nil, nil), []string(nil))
	equal(t, faultsOf(t, full+"x", nil, nil), []string{"FILE: expected at most 262144 bytes of TOML"})
}

func TestSyntaxErrorHasALine(t *testing.T) {
	dst := &struct {
		Name string `toml:"name" doc:"a name"`
	}{}
	path := tempFile(t, "\nname = \"a\"\nname = \"b\"\n")
	_, err := Load(dst, options, []string{"-config", path}, nil, io.Discard)
	equal(t, text(err), path+":3: not valid TOML: Key 'name' has already been defined.")
}

// TestErrorsDoNotContainSecrets puts a secret into places where errors usually contain
// the input.
func TestErrorsDoNotContainSecrets(t *testing.T) {
	const secret = "tickets-please"
	type vault struct {
		Word  string    `toml:"word" doc:"a secret" secret:"value"`
		Words []string  `toml:"words" doc:"secrets" secret:"value"`
		PIN   int       `toml:"pin" doc:"a secret number" secret:"value"`
		Key   reluctant `toml:"key" doc:"a secret of its own type" secret:"value"`
		More  []struct {
			Key reluctant `toml:"key" doc:"another" secret:"value"`
		} `toml:"more"`
	}
	files := []string{
		"word = " + secret, "word = \"" + secret, "word " + secret, "pin = \"" + secret + "\"", "key = \"" + secret + "\"",
		"words = \"" + secret + "\"", "word = [\"" + secret + "\"]", "more = [{key = \"" + secret + "\"}]", "wrod = \"" + secret + "\"",
		"word = \"\"\"" + secret, "words = [\"" + secret + "\", " + secret + "]", "word = \"\\q" + secret + "\"",
	}
	for _, content := range files {
		check(t, content, func() error {
			_, err := Load(&vault{}, options, []string{"-config", tempFile(t, content)}, nil, io.Discard)
			return err
		}, secret)
	}
	check(t, "a malformed number", func() error {
		_, err := Load(&vault{}, options, []string{"-config", tempFile(t, "pin = 47__11")}, nil, io.Discard)
		return err
	}, "47__11")
	for _, args := range [][]string{
		{"-pin", secret}, {"-key=" + secret}, {"-words", secret + ",,"}, {"-word=", secret}, {"-wrod=" + secret}, {"-wrod", secret},
		{"-=" + secret}, {"---word=" + secret}, {secret},
	} {
		check(t, fmt.Sprint(args), func() error {
			_, err := Load(&vault{}, options, args, nil, io.Discard)
			return err
		}, secret)
	}
	for _, name := range []string{"PIN", "KEY", "WROD"} {
		check(t, name, func() error {
			_, err := Load(&vault{}, options, nil, []string{"RAILGATE_STATION_" + name + "=" + secret}, io.Discard)
			return err
		}, secret)
	}
}

func check(t *testing.T, what string, load func() error, secret string) {
	t.Helper()
	switch err := load(); {
	case err == nil:
		t.Errorf("%s: accepted", what)
	case strings.Contains(err.Error(), secret):
		t.Errorf("%s: the error contains the secret: %v", what, err)
	}
}

// reluctant refuses every text and includes it in the error.
type reluctant struct{}

func (*reluctant) UnmarshalText(text []byte) error { return fmt.Errorf("no %s here", text) }

func TestFieldsNest(t *testing.T) {
	bad := errors.New("bad")
	equal(t, Field("a", nil), error(nil))
	equal(t, text(Field("a", bad)), "a: bad")
	equal(t, text(Field("a", Field("b", bad))), "a.b: bad")
	equal(t, text(Field("a", Field("[0]", Field("b", bad)))), "a[0].b: bad")
	equal(t, text(Field("a", errors.Join(Field("b", bad), nil, errors.Join(bad, Field("c", bad))))), "a.b: bad\na: bad\na.c: bad")
	// An error of a package that does not import conf can also name its setting.
	equal(t, text(Field("a", errors.Join(foreign{"b", bad}, Field("[1]", foreign{"c", bad})))), "a.b: bad\na[1].c: bad")
	// An error text that wraps two errors is not separated.
	equal(t, text(Field("a", fmt.Errorf("both %w and %w", bad, bad))), "a: both bad and bad")
	err := Field("a", errors.Join(Field("b", bad), bad))
	var fault *Error
	if !errors.Is(err, bad) || !errors.As(err, &fault) || fault.Path != "a.b" {
		t.Errorf("%#v does not wrap its cause", err)
	}
}

// foreign is an error that names its setting.
type foreign struct {
	setting string
	error
}

func (f foreign) Setting() string { return f.setting }
func (f foreign) Unwrap() error   { return f.error }

func TestFaultsKeepTheirOrder(t *testing.T) {
	var f Faults
	f.Need(true, "a", "bad")
	f.Add("b", nil)
	equal(t, f.Join(), error(nil))
	f.Need(false, "c", "must be above %d", 1)
	f.Add("d", errors.New("bad"))
	equal(t, text(f.Join()), "c: must be above 1\nd: bad")
}
