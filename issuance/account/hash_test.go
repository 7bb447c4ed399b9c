package account

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
)

func TestHashRoundTrip(t *testing.T) {
	h := newHash(cheapHashing, password)
	again, err := parseHash(h.String())
	if err != nil || !again.is(password) || again.is(password+" ") || again.stale(cheapHashing) || !again.stale(DefaultHashing) {
		t.Fatalf("%v", err)
	}
	if newHash(cheapHashing, password).String() == h.String() {
		t.Fatal("two hashes of one password are equal")
	}
	if dummyHash(cheapHashing).is("") || dummyHash(cheapHashing).is(password) {
		t.Fatal("the dummy hash matches a password")
	}
	good := h.String()
	for name, bad := range map[string]string{
		"empty":            "",
		"short":            good[:len(good)-1],
		"long":             good + "A",
		"padded":           good + "=",
		"another kind":     strings.Replace(good, "argon2id", "argon2i", 1),
		"another version":  strings.Replace(good, "v=19", "v=16", 1),
		"a huge memory":    strings.Replace(good, "m=8,", "m=4294967295,", 1),
		"more than bounds": strings.Replace(good, "m=8,", "m=1048577,", 1),
		"no memory":        strings.Replace(good, "m=8,", "m=0,", 1),
		"no pass":          strings.Replace(good, "t=1", "t=0", 1),
		"many passes":      strings.Replace(good, "t=1", "t=17", 1),
		"no lane":          strings.Replace(good, "p=1", "p=0", 1),
		"too many lanes":   strings.Replace(good, "p=1", "p=9", 1),
		"a plus sign":      strings.Replace(good, "m=8", "m=+8", 1),
		"a leading zero":   strings.Replace(good, "m=8", "m=08", 1),
		"a space":          strings.Replace(good, "m=8", "m= 8", 1),
		"one more":         strings.Replace(good, "p=1$", "p=1,x=1$", 1),
		"a new line":       good + "\n",
	} {
		if _, err := parseHash(bad); err != errHash {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(dummyHash(cheapHashing).String())
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if h, err := parseHash(text); err == nil && h.String() != text {
			t.Fatal("a second spelling is accepted")
		}
	})
}

// After the cost is raised, the next login stores a new hash of the same password.
func TestHashIsUpgradedAtLogin(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		raised := env.newService(func(c *Config) { c.Hashing.Passes = 2 })
		in, err := raised.LogIn(t.Context(), login, password, issuerdb.Home)
		if err != nil || raised.hasher.runs.Load() != 2 {
			t.Fatalf("%d hashings: %v", raised.hasher.runs.Load(), err)
		}
		if in, err = raised.LogIn(t.Context(), login, password, issuerdb.Home); err != nil || raised.hasher.runs.Load() != 3 {
			t.Fatalf("%d hashings: %v", raised.hasher.runs.Load(), err)
		}
		if n := env.Count(`SELECT password_no FROM accounts`); n != 1 {
			t.Errorf("password number %d after an upgrade of the hash", n)
		}
		env.authorize(in.Token)
	})
}

// Wide digits and composed accents look the same.
func TestPasswordIsNormalized(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Password = "café 12 horses"
		env.Done(env.Register(t.Context(), r, issuerdb.Home))
		for _, same := range []string{"cafe\u0301 12 horses", "ｃａｆé\u3000１２ horses"} {
			if _, err := env.LogIn(t.Context(), login, same, issuerdb.Home); err != nil {
				t.Errorf("%v", err)
			}
		}
		env.Refuses(LoginFailed, "another letter")(env.LogIn(t.Context(), login, "cafe 12 horses", issuerdb.Home))
	})
}

func TestCommonPasswordsAreRefused(t *testing.T) {
	personal := []string{"passenger_1", number, phone, "one@example.org", "one"}
	for _, p := range []string{
		"password", "Password1", "PASSWORD2026!", "password1234567890", "12345678", "87654321", "1234567890123", "11111111", "20260210",
		"a123456789", "woaini1314", "qwertyui", "asdfghjkl", "1qaz2wsx", "abcabcabc", "qwertyqwerty", "abcdefgh", "!@#$%^&*", "zhongguo88",
		"passenger_1", "Passenger_1!!", "90030746", phone, "one@example.org", "        ",
	} {
		if !common(p, personal) {
			t.Errorf("%q is not reported as common", p)
		}
	}
	for _, p := range []string{password, "tr4in to nowhere", "我喜欢坐火车旅行", "9305178264", "passengers like trains", "onekneone", "x7#Qm2!z"} {
		if common(p, personal) {
			t.Errorf("%q is reported as common", p)
		}
	}
}

// Callers beyond the queue are refused immediately, and callers in the queue after MaxWait.
func TestConcurrentHashingIsBounded(t *testing.T) {
	work := cheapHashing
	work.Concurrent, work.Waiting, work.MaxWait = 2, 3, 50*time.Millisecond
	h := newHasher(work)
	release := make(chan struct{})
	var wg sync.WaitGroup
	running := make(chan struct{}, 2)
	for range 2 {
		wg.Go(func() {
			if err := h.run(context.Background(), func() { running <- struct{}{}; <-release }); err != nil {
				t.Error(err)
			}
		})
	}
	<-running
	<-running
	waited := make(chan error, 3)
	for range 3 {
		go func() { waited <- h.run(context.Background(), func() { t.Error("ran beyond the bound") }) }()
	}
	runtest.Eventually(t, 5*time.Second, "callers to wait", func() bool { return len(h.inside) >= 5 || len(waited) > 0 })
	for range 3 {
		if err := <-waited; !problem.Is(err, Busy) {
			t.Errorf("after MaxWait: %v", err)
		}
	}
	// With a full queue the next caller is refused immediately.
	h.maxWait = time.Minute
	ctx, cancel := context.WithCancel(context.Background())
	for range 3 {
		go func() { waited <- h.run(ctx, func() { t.Error("ran beyond the bound") }) }()
	}
	runtest.Eventually(t, 5*time.Second, "three callers to wait", func() bool { return len(h.inside) >= 5 })
	if err := h.run(context.Background(), func() { t.Error("ran beyond the bound") }); !problem.Is(err, Busy) {
		t.Errorf("with a full queue: %v", err)
	}
	cancel()
	for range 3 {
		if err := <-waited; err != context.Canceled {
			t.Errorf("a cancelled caller: %v", err)
		}
	}
	close(release)
	wg.Wait()
	if h.runs.Load() != 2 || len(h.inside) != 0 || len(h.working) != 0 {
		t.Errorf("%d ran, %d inside", h.runs.Load(), len(h.inside))
	}
}

func TestBusyLoginCountsNoFailure(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		for range cap(env.hasher.inside) {
			env.hasher.inside <- struct{}{}
		}
		env.Refuses(Busy, "a login with a full queue")(env.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		if env.Count(`SELECT COUNT(*) FROM failures`) != 0 {
			t.Error("a failure was counted")
		}
	})
}

func TestHashingHasBounds(t *testing.T) {
	if err := DefaultHashing.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Hashing){
		"cheap":              func(h *Hashing) { *h = cheapHashing; h.CheapForTests = false },
		"too little memory":  func(h *Hashing) { h.MemoryKiB = floorMemoryKiB - 1 },
		"one pass":           func(h *Hashing) { h.Passes = 1 },
		"no lanes":           func(h *Hashing) { h.Lanes = 0 },
		"a typing error":     func(h *Hashing) { h.MemoryKiB *= 1024 },
		"a huge queue":       func(h *Hashing) { h.Waiting = mostWaiting + 1 },
		"a negative number":  func(h *Hashing) { h.Concurrent = -1 },
		"a wait of a minute": func(h *Hashing) { h.MaxWait = time.Minute },
	} {
		h := DefaultHashing
		if change(&h); h.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	h := DefaultHashing
	if h.Concurrent = 4; h.MemoryMiB() != 256 {
		t.Errorf("%d MiB", h.MemoryMiB())
	}
}

func TestNewReportsEveryConfigurationError(t *testing.T) {
	_, err := New(Config{LoginLife: time.Second, LoginIdle: time.Hour, MaxLogins: -1, Hashing: Hashing{MemoryKiB: 1}})
	for _, want := range []string{"Database", "Vault", "Lockout", "hook", "Policy", "LoginLife", "LoginIdle", "MaxLogins", "hashing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %s: %v", want, err)
		}
	}
}

// Normalization does not panic and is idempotent.
func FuzzNormalForms(f *testing.F) {
	for _, seed := range []string{login, password, phone, "+86" + phone, "+6421000000", email, "\u212a@example.org", "ﷺ", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for name, normal := range map[string]func(string) (string, bool){"login": normalLogin, "phone": normalPhone, "email": normalEmail} {
			once, ok := normal(in)
			if !ok {
				continue
			}
			if twice, ok := normal(once); !ok || twice != once {
				t.Errorf("%s: %q became %q and then %q", name, in, once, twice)
			}
			if in != "" && !printable(once, maxEmail) {
				t.Errorf("%s: %q is not plain ASCII", name, once)
			}
		}
		if p, ok := normalPassword(in); ok {
			common(p, []string{in, number})
			if len(in)*33 < len(p) {
				t.Errorf("a password of %d bytes became %d", len(in), len(p))
			}
		}
		readEntry(identity.Entry{Name: in, DocumentType: "passport", DocumentNumber: in, Nationality: in}, Contact{}, time.Unix(0, 0))
	})
}

const mib = 1 << 20

func TestConcurrentHashingsFitTheMemoryLimit(t *testing.T) {
	processors := runtime.GOMAXPROCS(16)
	t.Cleanup(func() { runtime.GOMAXPROCS(processors) })
	for limit, want := range map[int64]int{
		0: 16, 128 * mib: 1, 255 * mib: 1, 256 * mib: 2, 450 * mib: 3, 512 * mib: 4, 900 * mib: 7, 1024 * mib: 8, 2048 * mib: 16, 64 << 30: 16,
	} {
		h, err := DefaultHashing.WithinMemory(limit)
		if err != nil || h.MaxConcurrent() != want || limit > 0 && int64(h.MemoryMiB())*mib > limit/2 {
			t.Errorf("limit %d MiB: %d concurrent, %v, want %d", limit/mib, h.MaxConcurrent(), err, want)
		}
	}
	for limit, chosen := range map[int64]int{127 * mib: 0, mib: 0, 512 * mib: 5, 900 * mib: 16} {
		h := DefaultHashing
		h.Concurrent = chosen
		var few *MemoryError
		if _, err := h.WithinMemory(limit); !errors.As(err, &few) || few.Wanted != max(chosen, 1) || !strings.Contains(err.Error(), fmt.Sprintf("limit of %d MiB", limit/mib)) {
			t.Errorf("%d concurrent within %d MiB: %v", chosen, limit/mib, err)
		}
	}
}
