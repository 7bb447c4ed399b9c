package tokens

import "encoding/binary"

// Layout of a code on the wire, big-endian, docs/token-format.md section 2.
// The signed message is SigningDomain followed by the body, 47 bytes. With R and the
// public key the hash input is 111 bytes, the most that SHA-512 takes in one block,
// so a signature costs one compression instead of two.
const (
	Version   = 1   // first byte of a body
	BodySize  = 44  // the fields that the issuer signs
	SigSize   = 64  // Ed25519
	PassSize  = 108 // body and signature: constant for one session
	TokenSize = 125 // pass, step and link: constant for one period

	// SigningDomain and the version byte that follows it separate a pass from every
	// other message that an Ed25519 key of this system could sign.
	SigningDomain = "RGP"
	// SignedSize is the length of the signed message.
	SignedSize = len(SigningDomain) + BodySize
)

const (
	offVersion = 0  // 1
	offKey     = 1  // 2
	offDay     = 3  // 2
	offIndex   = 5  // 4
	offSubject = 9  // 8
	offStart   = 17 // 4, Unix seconds
	offExpiry  = 21 // 4, Unix seconds
	offPeriod  = 25 // 1, seconds
	offLength  = 26 // 1, periods
	offScopes  = 27 // 1, bit set
	offAnchor  = 28 // 16
	offSig     = BodySize
	offStep    = PassSize // 1
	offLink    = PassSize + 1
)

// Bounds that the parser enforces. No signature, not even one of a stolen key, can
// exceed them.
const (
	// MinPeriod is the shortest period, seconds. Shorter periods would depend more on
	// clock errors than on the chain.
	MinPeriod = 15
	// MaxPeriod is the longest period, seconds (rule A10). A longer period would keep
	// a photographed code valid for longer.
	MaxPeriod = 60
	// MaxLength is the greatest number of steps. It bounds the hashes that a gate
	// computes for one code and, with MaxPeriod, the length of a session: 30 min
	// (rule A11).
	MaxLength = 30
	// MaxSession is the length of the longest session, seconds (rule A11).
	MaxSession = MaxPeriod * MaxLength
	// CredentialLife is the validity of an approved credential, seconds (rule A8).
	CredentialLife = 24 * 60 * 60

	// Period and Length are the values that issuers use.
	Period = MaxPeriod
	Length = MaxLength
)

// Token is a parsed code. The zero Token is not valid: use [Token.Parse],
// [Token.ParseText] or [Assemble]. Accessors read the wire bytes in place.
type Token struct{ raw [TokenSize]byte }

// SignedPass is the part of a code that is the same for the whole session.
type SignedPass [PassSize]byte

// Parse checks the form of raw and copies it into t. It returns ReasonOK,
// ReasonMalformed or ReasonVersion. It does not check signature, link or time. The
// contents of t are undefined unless Parse returns ReasonOK.
func (t *Token) Parse(raw []byte) Reason {
	if len(raw) != TokenSize {
		return ReasonMalformed
	}
	if raw[offVersion] != Version {
		return ReasonVersion
	}
	copy(t.raw[:], raw)
	return t.wellFormed()
}

func (t *Token) wellFormed() Reason {
	period, length := t.raw[offPeriod], t.raw[offLength]
	if period < MinPeriod || period > MaxPeriod || length == 0 || length > MaxLength {
		return ReasonMalformed
	}
	if !t.Scopes().valid() || t.raw[offStep] >= length {
		return ReasonMalformed
	}
	// The day of the serial is the railway day of approval, approval is expiry minus
	// 24 h, and a session starts at approval or later and before expiry. Because of
	// this check a revocation set may forget a day as soon as the last credential
	// approved on it has expired.
	approved := t.Expiry() - CredentialLife
	if DayOf(approved) != int64(t.Serial().Day) || t.Start() < approved || t.Start() >= t.Expiry() {
		return ReasonMalformed
	}
	return ReasonOK
}

// Bytes returns the wire form. It is valid until the next Parse into t.
func (t *Token) Bytes() []byte { return t.raw[:] }

// Pass returns the constant part of the session. It is valid until the next Parse into t.
func (t *Token) Pass() *SignedPass { return (*SignedPass)(t.raw[:PassSize]) }

// KeyID returns the id of the issuer key that the code claims as signer.
func (t *Token) KeyID() KeyID { return KeyID(binary.BigEndian.Uint16(t.raw[offKey:])) }

// Serial returns the serial of the credential.
func (t *Token) Serial() Serial {
	return Serial{
		Day:   binary.BigEndian.Uint16(t.raw[offDay:]),
		Index: binary.BigEndian.Uint32(t.raw[offIndex:]),
	}
}

// Subject returns the passenger's pseudonym for the day of approval.
func (t *Token) Subject() Subject { return Subject(t.raw[offSubject:offStart]) }

// Start returns the start of step 0, Unix seconds.
func (t *Token) Start() int64 { return int64(binary.BigEndian.Uint32(t.raw[offStart:])) }

// Expiry returns the first second at which the credential has expired, Unix seconds.
func (t *Token) Expiry() int64 { return int64(binary.BigEndian.Uint32(t.raw[offExpiry:])) }

// Period returns the length of a step, seconds.
func (t *Token) Period() int64 { return int64(t.raw[offPeriod]) }

// Length returns the number of steps of the session.
func (t *Token) Length() int64 { return int64(t.raw[offLength]) }

// Scopes returns the scopes of the credential.
func (t *Token) Scopes() Scopes { return Scopes(t.raw[offScopes]) }

// Step returns the step that the code claims, counted from 0.
func (t *Token) Step() int64 { return int64(t.raw[offStep]) }

func (t *Token) anchor() *[16]byte { return (*[16]byte)(t.raw[offAnchor:offSig]) }
func (t *Token) link() *Link       { return (*Link)(t.raw[offLink:]) }

// signed writes the signed message into dst.
func (t *Token) signed(dst *[SignedSize]byte) {
	copy(dst[:], SigningDomain)
	copy(dst[len(SigningDomain):], t.raw[:BodySize])
}

func (t *Token) serialBytes() *[6]byte { return (*[6]byte)(t.raw[offDay:offSubject]) }

func (t *Token) shown() Shown { return Shown{t.raw[offStep], *t.link()} }

func (t *Token) signature() []byte { return t.raw[offSig:offStep] }
