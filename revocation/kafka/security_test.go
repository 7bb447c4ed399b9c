package kafka_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/revocation/kafka"
)

// write writes a file of this test and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func chmod(t *testing.T, path string, mode fs.FileMode) string {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrongSecuritySettingIsNamedByField(t *testing.T) {
	const password = "open-sesame"
	good := write(t, "password", password+"\n")
	ca := newAuthority(t, "first")
	cert, key := ca.issue(t, "gateway")
	_, otherKey := ca.issue(t, "other")
	thirdCert, thirdKey := ca.issue(t, "third")
	openCA := newAuthority(t, "open")
	for name, c := range map[string]struct {
		s     kafka.Security
		wrong string // the wrong fields
	}{
		"nothing at all":           {kafka.Security{}, ""},
		"TLS, system's CAs":        {kafka.Security{TLS: true}, ""},
		"own CA":                   {kafka.Security{TLS: true, CAFile: ca.file, ServerName: "kafka"}, ""},
		"mutual TLS":               {kafka.Security{TLS: true, CertFile: cert, KeyFile: key}, ""},
		"SCRAM in the clear":       {kafka.Security{SASL: "scram-sha-512", User: "u", PasswordFile: good}, ""},
		"PLAIN over TLS":           {kafka.Security{TLS: true, SASL: "plain", User: "u", PasswordFile: good}, ""},
		"PLAIN in the clear":       {kafka.Security{SASL: "plain", User: "u", PasswordFile: good}, "sasl"},
		"TLS files without TLS":    {kafka.Security{CAFile: "a", CertFile: "b", KeyFile: "c", ServerName: "d"}, "ca_file cert_file key_file server_name"},
		"no such CA file":          {kafka.Security{TLS: true, CAFile: good + ".missing"}, "ca_file"},
		"CA file of something":     {kafka.Security{TLS: true, CAFile: good}, "ca_file"},
		"certificate, no key":      {kafka.Security{TLS: true, CertFile: cert}, "key_file"},
		"key, no certificate":      {kafka.Security{TLS: true, KeyFile: key}, "cert_file"},
		"another's key":            {kafka.Security{TLS: true, CertFile: cert, KeyFile: otherKey}, "cert_file"},
		"neither file is there":    {kafka.Security{TLS: true, CertFile: "none", KeyFile: "none"}, "cert_file key_file"},
		"unknown mechanism":        {kafka.Security{SASL: "SCRAM-SHA-256", User: "u", PasswordFile: good}, "sasl"},
		"login without SASL":       {kafka.Security{User: "u", PasswordFile: good}, "user password_file"},
		"no user, no password":     {kafka.Security{SASL: "scram-sha-256"}, "password_file user"},
		"empty password":           {kafka.Security{SASL: "scram-sha-256", User: "u", PasswordFile: write(t, "p", "\n")}, "password_file"},
		"two lines":                {kafka.Security{SASL: "scram-sha-256", User: "u", PasswordFile: write(t, "p", password+"\nx\n")}, "password_file"},
		"far too long":             {kafka.Security{SASL: "scram-sha-256", User: "u", PasswordFile: write(t, "p", strings.Repeat(password, 1000))}, "password_file"},
		"a control character":      {kafka.Security{SASL: "scram-sha-256", User: "u", PasswordFile: write(t, "p", password+"\x07")}, "password_file"},
		"not even text":            {kafka.Security{SASL: "scram-sha-256", User: "u", PasswordFile: write(t, "p", password+"\xff")}, "password_file"},
		"others read the password": {kafka.Security{SASL: "scram-sha-256", User: "u", PasswordFile: chmod(t, write(t, "p", password), 0o640)}, "password_file"},
		"others read the key":      {kafka.Security{TLS: true, CertFile: thirdCert, KeyFile: chmod(t, thirdKey, 0o604)}, "key_file"},
		"others change the CA":     {kafka.Security{TLS: true, CAFile: chmod(t, openCA.file, 0o646)}, "ca_file"},
		"a zero byte in the user":  {kafka.Security{TLS: true, SASL: "plain", User: "u\x00v", PasswordFile: good}, "user"},
	} {
		t.Run(name, func(t *testing.T) {
			var fields []string
			for _, err := range c.s.Validate() {
				var f *kafka.Fault
				if !errors.As(err, &f) {
					t.Fatalf("no field is named: %v", err)
				}
				fields = append(fields, f.Field)
				if strings.Contains(err.Error(), password) {
					t.Errorf("the password is shown: %v", err)
				}
			}
			if got := strings.Join(fields, " "); got != c.wrong {
				t.Errorf("wrong fields: %q, want %q", got, c.wrong)
			}
			_, err := kafka.Open(kafka.Config{Brokers: []string{"127.0.0.1:9"}, Topic: topic, Security: c.s})
			if (err != nil) != (c.wrong != "") {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

// The settings can be part of a command's configuration file.
func TestSecurityIsAConfigurationTable(t *testing.T) {
	var c struct {
		Security kafka.Security `toml:"security" doc:"how to connect"`
	}
	file := write(t, "gateway.toml", "[security]\ntls = true\nca_file = \"a\"\ncert_file = \"b\"\nkey_file = \"c\"\n"+
		"server_name = \"d\"\nsasl = \"plain\"\nuser = \"e\"\npassword_file = \"f\"\n")
	if _, err := conf.Load(&c, conf.Options{Program: "test", EnvPrefix: "TEST"}, []string{"-config", file}, nil, io.Discard); err != nil {
		t.Fatal(err)
	}
	want := kafka.Security{TLS: true, CAFile: "a", CertFile: "b", KeyFile: "c", ServerName: "d",
		SASL: "plain", User: "e", PasswordFile: "f"}
	if c.Security != want {
		t.Errorf("got %+v", c.Security)
	}
}

func TestBrokerMustBeHostAndPort(t *testing.T) {
	for _, brokers := range [][]string{nil, {"kafka"}, {"127.0.0.1:9092", ""}} {
		if _, err := kafka.Open(kafka.Config{Brokers: brokers, Topic: topic}); err == nil {
			t.Errorf("opened with %q", brokers)
		}
	}
}
