package keystore

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

// A fake hardware module: a child process that makes its key, never exports it, is slow, and is sometimes busy. It
// communicates over two pipes: a request is a number, a length and a message; an answer is the number, a status and
// 64 bytes.
const (
	moduleChild = "RAILGATE_TEST_MODULE" // in the child's environment: number of requests until it hangs
	moduleSlow  = 3 * time.Millisecond
	moduleBusy  = 3 // every third request is refused
	maxRequest  = 1024

	statusSigned  = 0
	statusBusy    = 1
	answerSize    = 4 + 1 + tokens.SigSize
	modulePatient = 5 * time.Second
)

// runModule is the child process.
func runModule(in io.Reader, out io.Writer) {
	var limit int
	fmt.Sscan(os.Getenv(moduleChild), &limit)
	key := signing.NewKey(signing.GenerateSeed())
	public := key.Public()
	out.Write(public[:])
	for n := 1; ; n++ {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(head[4:])
		if length > maxRequest {
			return
		}
		message := make([]byte, length)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		if n > limit {
			select {} // hangs until it is killed
		}
		time.Sleep(moduleSlow)
		answer := append([]byte(nil), head[:4]...)
		if n%moduleBusy == 0 {
			answer = append(answer, statusBusy)
			answer = append(answer, make([]byte, tokens.SigSize)...)
		} else {
			signature, _ := key.Sign(message)
			answer = append(append(answer, statusSigned), signature[:]...)
		}
		out.Write(answer)
	}
}

var (
	errBusy = errors.New("module: busy")
	errGone = errors.New("module: no valid answer")
)

// module is the Signer of an issuer with a hardware module. It reads the public key once, at the start, because
// Public cannot fail. It has its own timeout, because Sign has no context.
type module struct {
	public  [tokens.PublicKeySize]byte
	timeout time.Duration

	mu      sync.Mutex // guards the fields below: one request at a time
	request *os.File
	answer  *os.File
	n       uint32
	gone    bool // permanent: a late answer must not be used for the next request
}

var _ signing.Signer = (*module)(nil)

func (m *module) Public() [tokens.PublicKeySize]byte { return m.public }

func (m *module) Sign(message []byte) (signature [tokens.SigSize]byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return signature, errGone
	}
	m.n++
	request := binary.BigEndian.AppendUint32(nil, m.n)
	request = binary.BigEndian.AppendUint32(request, uint32(len(message)))
	var answer [answerSize]byte
	m.answer.SetReadDeadline(time.Now().Add(m.timeout))
	if _, err = m.request.Write(append(request, message...)); err == nil {
		_, err = io.ReadFull(m.answer, answer[:])
	}
	if err != nil || binary.BigEndian.Uint32(answer[:]) != m.n {
		m.gone = true
		return signature, errGone
	}
	if answer[4] == statusBusy {
		return signature, errBusy
	}
	// A broken or exchanged module must not publish an invalid signature.
	if !ed25519.Verify(m.public[:], message, answer[5:]) {
		m.gone = true
		return signature, errGone
	}
	return [tokens.SigSize]byte(answer[5:]), nil
}

// startModule starts a module that answers a number of requests and then hangs.
func startModule(t *testing.T, requests int, timeout time.Duration) (m *module, kill func()) {
	t.Helper()
	in, request, err := os.Pipe()
	runtest.Must(t, err)
	answer, out, err := os.Pipe()
	runtest.Must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", moduleChild, requests))
	child.Stdin, child.Stdout = in, out
	if err := child.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	in.Close()
	out.Close()
	kill = func() { cancel(); child.Wait() }
	t.Cleanup(func() { kill(); request.Close(); answer.Close() })
	m = &module{timeout: timeout, request: request, answer: answer}
	answer.SetReadDeadline(time.Now().Add(modulePatient))
	_, err = io.ReadFull(answer, m.public[:])
	runtest.Must(t, err)
	return m, kill
}

func somePass(serial byte) tokens.Pass {
	p := tokentest.NewIssuer(FirstTestKey).Open(uint32(serial), tokentest.Epoch).Fields
	p.Key = 7
	return p
}

// Concurrent callers share the module. Each call returns a signature or an error.
func TestModuleSignsPassesConcurrently(t *testing.T) {
	m, _ := startModule(t, 1000, modulePatient)
	keys := New()
	keys.Issuer, keys.IssuerID = m, 7 // the only change in an issuer
	var wg sync.WaitGroup
	var mu sync.Mutex
	signed, busy := 0, 0
	for i := range 12 {
		wg.Go(func() {
			pass := somePass(byte(i))
			for {
				out, err := signing.Pass(keys.Issuer, &pass)
				mu.Lock()
				if errors.Is(err, errBusy) {
					busy++
					mu.Unlock()
					if out != (tokens.SignedPass{}) {
						t.Error("the error came with a partial pass")
						return
					}
					continue
				}
				signed++
				mu.Unlock()
				public := keys.Issuer.Public()
				message, _ := pass.Message()
				if err != nil || !ed25519.Verify(public[:], message[:], out[len(out)-tokens.SigSize:]) {
					t.Errorf("pass %d: %v", i, err)
				}
				return
			}
		})
	}
	wg.Wait()
	if signed != 12 || busy < 3 {
		t.Fatalf("%d signed and %d times busy, want 12 and at least 3", signed, busy)
	}
}

// A module that hangs costs one timeout; later calls fail immediately.
func TestHangingModuleFailsAfterOneTimeout(t *testing.T) {
	m, _ := startModule(t, 1, 100*time.Millisecond)
	m.timeout = modulePatient
	pass := somePass(1)
	if _, err := signing.Pass(m, &pass); err != nil {
		t.Fatal(err)
	}
	m.timeout = 100 * time.Millisecond
	began := time.Now()
	for range 50 {
		if _, err := signing.Pass(m, &pass); !errors.Is(err, errGone) {
			t.Fatalf("%v", err)
		}
	}
	if took := time.Since(began); took > modulePatient {
		t.Fatalf("50 calls took %s", took)
	}
}

func TestDeadModuleIsAnError(t *testing.T) {
	m, kill := startModule(t, 1000, modulePatient)
	pass := somePass(1)
	_, err := signing.Pass(m, &pass)
	runtest.Must(t, err)
	kill()
	if _, err := signing.Pass(m, &pass); !errors.Is(err, errGone) {
		t.Fatalf("%v", err)
	}
}
