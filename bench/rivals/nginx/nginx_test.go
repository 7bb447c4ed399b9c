package nginx

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/bench/rivals/jwtgate"
)

const device = "Bearer rgd_test"

func post(t *testing.T, s *Server, target, credential, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.Address+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", credential)
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(text)
}

func mint(t *testing.T, now time.Time) []string {
	t.Helper()
	tokens, err := jwtgate.Mint(8, now, time.Minute, []string{"entry", "exit"})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestVerdicts(t *testing.T) {
	if err := Missing(); err != nil {
		t.Skip(err)
	}
	s, err := Start(Config{Keys: jwtgate.Keys(), Devices: map[string][]string{device: {"entry", "onboard"}}, Entries: 64, CPU: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	good, expired := mint(t, time.Now()), mint(t, time.Now().Add(-time.Hour))
	_, rest, _ := strings.Cut(good[0], ".")
	for _, c := range []struct {
		name, target, device, token string
		status                      int
		want                        string
		misses                      uint64
	}{
		{"good", "/v1/check?scope=entry", device, good[0], 200, `{"verdict":"allow","reason":"ok",`, 1},
		{"good again", "/v1/check?scope=entry", device, good[0], 200, `{"verdict":"allow","reason":"ok",`, 0},
		{"another key", "/v1/check?scope=entry", device, good[1], 200, `"verdict":"allow"`, 1},
		{"expired", "/v1/check?scope=entry", device, expired[0], 200, `"reason":"expired"`, 1},
		{"expired, cached", "/v1/check?scope=entry", device, expired[0], 200, `"reason":"expired"`, 0},
		{"another signature", "/v1/check?scope=entry", device, good[0][:len(good[0])-10] + good[1][len(good[1])-10:], 200, `"reason":"bad_signature"`, 1},
		{"the head of another key", "/v1/check?scope=entry", device, strings.Split(good[1], ".")[0] + "." + rest, 200, `"reason":"bad_signature"`, 1},
		{"no token", "/v1/check?scope=entry", device, "x", 200, `"reason":"bad_signature"`, 1},
		{"a scope that was not granted", "/v1/check?scope=onboard", device, good[0], 200, `"reason":"scope_not_granted"`, 0},
		{"a scope that is not the device's", "/v1/check?scope=exit", device, good[0], 403, "", 0},
		{"an unknown device", "/v1/check?scope=entry", "Bearer rgd_other", good[0], 401, "", 0},
	} {
		before, err := s.Usage()
		if err != nil {
			t.Fatal(err)
		}
		status, answer := post(t, s, c.target, c.device, c.token)
		if status != c.status || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d %s, want %d with %s", c.name, status, answer, c.status, c.want)
		}
		if after, err := s.Usage(); err != nil || after.Misses-before.Misses != c.misses {
			t.Errorf("%s: %d cache misses, want %d (%v)", c.name, after.Misses-before.Misses, c.misses, err)
		}
	}
}
