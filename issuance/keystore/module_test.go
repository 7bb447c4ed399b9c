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

// A hardware module in miniature: a process of its own that makes its key, never
// lets it out, is slow, and now and then says that it is busy. It speaks over two
// pipes: a question is a number, a length and a message; an answer is the number,
// a status and 64 bytes.
const (
	moduleChild = "RAILGATE_TEST_MODULE" // set in the child's environment: how many questions until it hangs
	moduleSlow  = 3 * time.Millisecond
	moduleBusy  = 3 // every third question is refused
	maxQuestion = 1024

	statusSigned  = 0
	statusBusy    = 1
	answerSize    = 4 + 1 + tokens.SigSize
	modulePatient = 5 * time.Second
)

// beModule is the child.
func beModule(in io.Reader, out io.Writer) {
	var patience int
	fmt.Sscan(os.Getenv(moduleChild), &patience)
	key := signing.NewKey(signing.GenerateSeed())
	public := key.Public()
	out.Write(public[:])
	for n := 1; ; n++ {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(head[4:])
		if length > maxQuestion {
			return
		}
		message := make([]byte, length)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		if n > patience {
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
	errGone = errors.New("module: no sound answer")
)

// module is the Signer that an issuer would have. The public key is read once,
// when it is opened, because Public cannot fail; the bound on an answer is its
// own, because Sign is given none.
type module struct {
	public  [tokens.PublicKeySize]byte
	timeout time.Duration

	mu       sync.Mutex // guards what follows: one question at a time
	question *os.File
	answer   *os.File
	n        uint32
	gone     bool // for good: a late answer must not be taken for the next one's
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
	question := binary.BigEndian.AppendUint32(nil, m.n)
	question = binary.BigEndian.AppendUint32(question, uint32(len(message)))
	var answer [answerSize]byte
	m.answer.SetReadDeadline(time.Now().Add(m.timeout))
	if _, err = m.question.Write(append(question, message...)); err == nil {
		_, err = io.ReadFull(m.answer, answer[:])
	}
	if err != nil || binary.BigEndian.Uint32(answer[:]) != m.n {
		m.gone = true
		return signature, errGone
	}
	if answer[4] == statusBusy {
		return signature, errBusy
	}
	// A module that is broken, or not the one it was, must not put a bad signature
	// into the world.
	if !ed25519.Verify(m.public[:], message, answer[5:]) {
		m.gone = true
		return signature, errGone
	}
	return [tokens.SigSize]byte(answer[5:]), nil
}

// startModule starts a module that answers so many questions.
func startModule(t *testing.T, questions int, timeout time.Duration) (m *module, kill func()) {
	t.Helper()
	in, question, err := os.Pipe()
	runtest.Must(t, err)
	answer, out, err := os.Pipe()
	runtest.Must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", moduleChild, questions))
	child.Stdin, child.Stdout = in, out
	if err := child.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	in.Close()
	out.Close()
	kill = func() { cancel(); child.Wait() }
	t.Cleanup(func() { kill(); question.Close(); answer.Close() })
	m = &module{timeout: timeout, question: question, answer: answer}
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

// Many goroutines share the module; each signs its pass or learns that it did not.
func TestModuleSignsPassesFromOutside(t *testing.T) {
	m, _ := startModule(t, 1000, modulePatient)
	keys := New()
	keys.Issuer, keys.IssuerID = m, 7 // all that an issuer needs to do
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
						t.Error("half a pass came with the error")
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
		t.Fatalf("%d signed, %d times busy", signed, busy)
	}
}

// A module that hangs costs its bound once, and from then on nothing.
func TestModuleThatHangsIsGivenUp(t *testing.T) {
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
		t.Fatalf("took %s", took)
	}
}

func TestModuleThatDiesIsAnError(t *testing.T) {
	m, kill := startModule(t, 1000, modulePatient)
	pass := somePass(1)
	_, err := signing.Pass(m, &pass)
	runtest.Must(t, err)
	kill()
	if _, err := signing.Pass(m, &pass); !errors.Is(err, errGone) {
		t.Fatalf("%v", err)
	}
}
