package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness/runtest"
)

// wantFaults asserts that an error has exactly one line for each setting.
func wantFaults(t *testing.T, err error, settings ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("the settings were accepted")
	}
	for _, want := range settings {
		if strings.Count("\n"+err.Error(), "\n"+want) != 1 {
			t.Errorf("%q is not reported once in\n%v", want, err)
		}
	}
}

// -check reports every wrong setting in one error and prints no secret.
func TestBadSettingsAreReported(t *testing.T) {
	h := newHarness(t)
	secret := h.textFile("provider.secret", "not a secret's form")
	_, err := h.runCommand("-check", "-key_lead", "25h", "-trusted_proxies", "10.0.0.0/8,everybody,0.0.0.0/0", "-address_rate.burst", "-1", "-privacy_policy", "of this year",
		"-face_check.provider", "http", "-face_check.timeout", "1m", "-face_check.http.callback_url", "issuer", "-face_check.http.waiting", "-1",
		"-face_check.http.service.url", "http://faces.example", "-face_check.http.service.secret_files", secret, "-face_check.http.service.calls", "5000",
		"-residents.provider", "http", "-residents.timeout", "0s", "-residents.http.label", "cards\n", "-residents.http.service.ca_file", filepath.Join(h.dir, "nowhere.pem"),
		"-phone_code.provider", "pigeon", "-phone_code.prefixes", "+86", "-phone_code.hourly", "0", "-contact.zh", "a\nb")
	wantFaults(t, err,
		"key_lead: ", `trusted_proxies: throttle: trusted proxy "everybody"`, `trusted_proxies: throttle: trusted proxy "0.0.0.0/0"`, "address_rate: ", "privacy_policy: ",
		"face_check.timeout: ", "face_check.http.callback_url: ", "face_check.http.label: ", "face_check.http.waiting: ", "face_check.http.service.url: ",
		"face_check.http.service.secret_files: ", "face_check.http.service.calls: ",
		"residents.timeout: ", "residents.http.label: ", "residents.http.service.url: ", "residents.http.service.secret_files: ", "residents.http.service.ca_file: ",
		"phone_code: ", "phone_code.provider: ", "phone_code.prefixes: ", "contact: ",
	)
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 21 {
		t.Errorf("%d faults:\n%v", lines, err)
	}
	runtest.HasNot(t, err.Error(), "a secret's form")
	for flag, want := range map[string]string{"-face_check.provider": `explicitly "sandbox"`, "-residents.provider": `explicitly "sandbox"`} {
		h.wantError(want, "-check", flag, "")
	}
	h.wantError("-check: omit -probe", "-check", "-probe", "http://127.0.0.1:1/")
	if c := defaults(); c.AddressRate.rate() == (throttle.Rate{}) || (addressRate{}).rate() != (throttle.Rate{}) {
		t.Error("the default rate must limit, and the zero rate must not")
	}
}

// An X-Forwarded-For header from an untrusted address is logged once a minute; one from a
// trusted proxy is not logged.
func TestIgnoredForwardedHeaderIsLogged(t *testing.T) {
	proxies, err := throttle.ParseProxies([]string{"10.0.0.0/8"})
	runtest.Must(t, err)
	core, logs := observer.New(zap.WarnLevel)
	served := 0
	f := &forwarded{next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }), proxies: proxies, log: zap.New(core)}
	send := func(from string, headers ...string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = from, headers
		f.ServeHTTP(httptest.NewRecorder(), r)
	}
	send("192.0.2.7:1000")
	send("10.1.2.3:1000", "198.51.100.1")
	if logs.Len() != 0 {
		t.Fatalf("logged without an ignored header: %v", logs.All())
	}
	for range 3 {
		send("192.0.2.7:1000", "198.51.100.1")
	}
	if logs.Len() != 1 || !strings.Contains(logs.All()[0].Message, "set trusted_proxies") || strings.Contains(logs.All()[0].Message, "198.51") {
		t.Fatalf("three ignored headers were logged as %v", logs.All())
	}
	f.warned.Add(-int64(ignoredEvery))
	if send("192.0.2.7:1000", "198.51.100.1"); logs.Len() != 2 || served != 6 {
		t.Fatalf("logged %d times and served %d requests, want 2 and 6", logs.Len(), served)
	}
}

// -check reports addresses that cannot work and a database connection without
// verification. It prints no password.
func TestBadAddressesAreReported(t *testing.T) {
	h := newHarness(t)
	t.Setenv("PGSSLMODE", "")
	_, err := h.runCommand("-check", "-listen", "127.0.0.1", "-admin", "127.0.0.1:99999", "-kafka.brokers", "kafka", "-database", "psql://u:secret-word@db/railgate", "-secret_group", "-1")
	wantFaults(t, err, "listen: ", "admin: ", "kafka.brokers: ", "database: ", "secret_group: ")
	runtest.HasNot(t, err.Error(), "secret-word")
	h.wantError("admin: must differ from listen", "-check", "-listen", "127.0.0.1:8081", "-admin", "0.0.0.0:8081")
	h.wantError("database: the PostgreSQL address contains a space", "-check", "-database", "postgres://u@db/rail gate")
	h.wantError("would not be verified: write sslmode=verify-full", "-check", "-database", "postgres://u@db/railgate")
	for _, good := range []string{"postgres://u@db/railgate?sslmode=verify-full", "postgres://u@db/railgate?sslmode=disable", "postgres://u@127.0.0.1/railgate", "postgres://u@/railgate?host=/run/postgresql"} {
		runtest.Has(t, h.mustRun("-check", "-database", good), "settings are valid")
	}
	for name, value := range map[string]string{"SERVICE_HOST": "10.96.0.12", "SERVICE_PORT_PUBLIC": "8081", "PORT_8081_TCP": "tcp://10.96.0.12:8081"} {
		t.Setenv("RAILGATE_ISSUER_"+name, value)
	}
	runtest.Has(t, h.mustRun("-check"), "settings are valid")
}

// -check reports announced keys that gateways would refuse.
func TestWeakAnnouncedKeyIsReported(t *testing.T) {
	h := newHarness(t)
	file, err := os.ReadFile(h.file)
	runtest.Must(t, err)
	for name, public := range map[string]string{
		"the identity":  "01" + strings.Repeat("00", 31),
		"order 8":       "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"not canonical": "ee" + strings.Repeat("ff", 30) + "7f",
		"no point":      "02" + strings.Repeat("00", 31),
		"all ones":      strings.Repeat("ff", 32),
	} {
		text := string(file) + "\n[[announce]]\nid = 40001\npublic = \"" + public + "\"\n"
		runtest.Must(t, os.WriteFile(h.file, []byte(text), 0o600))
		if _, err := h.runCommand("-check"); err == nil || !strings.Contains(err.Error(), "announce[0].public: gateways refuse it") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
