package repo

import (
	"regexp"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

// Settings in the environment of containers exist: an unknown one would keep the command from starting.
func TestComposeNamesSettings(t *testing.T) {
	runtest.DependsOnSources(t, root)
	named := 0
	for _, command := range []string{"gateway", "issuer"} {
		help := output(t, command, "-h")
		variable := regexp.MustCompile(`RAILGATE_` + strings.ToUpper(command) + `_[A-Z_]+`)
		for _, file := range []string{"deploy/compose.yaml", "deploy/compose.passback.yaml"} {
			for _, name := range variable.FindAllString(readFile(t, file), -1) {
				named++
				if !regexp.MustCompile(` ` + name + `\b`).MatchString(help) {
					t.Errorf("%s sets %s, which -h does not list", file, name)
				}
			}
		}
	}
	if named < 10 {
		t.Errorf("found only %d settings", named)
	}
}

// A gateway does not use a topic with another number of partitions than its settings say, so the defaults of both
// programs, which the samples show, must agree.
func TestSamplesAgreeOnTopics(t *testing.T) {
	setting := regexp.MustCompile(`(?m)^#? ?(topic|partitions) += ([^ #\n]+)(?: .*"(railgate\.\w+)" to create it)?`)
	read := func(file, table string) map[string]string {
		_, rest, found := strings.Cut(readFile(t, file), "\n["+table+"]\n")
		if !found {
			t.Fatalf("%s has no table %s", file, table)
		}
		rest, _, _ = strings.Cut(rest, "\n[")
		values := map[string]string{}
		for _, m := range setting.FindAllStringSubmatch(rest, -1) {
			values[m[1]] = strings.Trim(m[2], `"`) + m[3]
		}
		return values
	}
	for _, table := range []string{"kafka", "bookings", "passages"} {
		issuer, gateway := read("deploy/config/issuer.toml", table), read("deploy/config/gateway.toml", table)
		for _, name := range []string{"topic", "partitions"} {
			if issuer[name] == "" || issuer[name] != gateway[name] {
				t.Errorf("%s.%s is %q at the issuer and %q at the gateway", table, name, issuer[name], gateway[name])
			}
		}
	}
}
