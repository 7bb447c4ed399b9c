package vectors

import "strings"

// texts adds wrong prefixes, lengths and white space. Every code has one spelling.
func (b *builder) texts() {
	o := ordinary()
	good := "RG1:" + base45(o.wire(7, o.sign()))
	body := good[4:]

	b.text("text-empty", "nothing was scanned", "", "malformed")
	b.text("text-prefix-short-1", "one character", "R", "malformed")
	b.text("text-prefix-short-3", "three characters of the prefix", "RG1", "malformed")
	b.text("text-prefix-only", "the prefix and no more", "RG1:", "malformed")
	b.text("text-prefix-missing", "base45 alone", body, "malformed")
	b.text("text-prefix-other", "the prefix of another system", "HC1:"+body, "malformed")
	b.text("text-prefix-letter", "a letter where the version stands", "RGA:"+body, "malformed")
	b.text("text-prefix-no-colon", "a semicolon behind the version", "RG1;"+body, "malformed")
	b.text("text-prefix-two-digits", "version 11 is not a version 1", "RG11:"+body[1:], "malformed")
	b.text("text-prefix-lower", "the prefix in lower case", "rg1:"+body, "malformed")
	b.text("text-prefix-twice", "the prefix twice", "RG1:RG1:"+body[4:], "malformed")
	b.text("text-link", "a web address, as most codes in a station are", "https://example.org/", "malformed")

	for _, d := range []struct{ name, about, digit string }{
		{"arabic", "an Arabic-Indic digit where the version stands: only 0 to 9 are digits", "٢"},
		{"full-width", "a full-width digit where the version stands", "２"},
		{"devanagari", "a Devanagari digit where the version stands", "२"},
		{"superscript", "a superscript two, which some libraries call a digit", "²"},
		{"full-width-one", "a full-width one: not another spelling of version 1", "１"},
	} {
		b.text("text-digit-"+d.name, d.about, "RG"+d.digit+":"+body, "malformed")
	}

	b.text("text-version-2", "a later version", "RG2:"+body, "unsupported_version")
	b.text("text-version-0", "an earlier version", "RG0:"+body, "unsupported_version")
	b.text("text-version-9-short", "another version may have any length", "RG9:", "unsupported_version")
	b.text("text-version-2-bad-characters", "and any characters", "RG2:abc_", "unsupported_version")

	b.text("text-too-short", "the last character is missing", good[:len(good)-1], "malformed")
	b.text("text-too-long", "one character too many", good+"0", "malformed")
	b.text("text-too-short-triple", "a whole triple is missing", good[:len(good)-3], "malformed")
	b.text("text-too-long-triple", "a whole triple too many", good+"000", "malformed")
	b.text("text-twice", "the code twice", good+good, "malformed")

	b.text("text-newline", "a trailing newline, as scanners type it", good+"\n", "malformed")
	b.text("text-crlf", "a trailing CR LF", good+"\r\n", "malformed")
	b.text("text-newline-in-place", "the right length, with a newline for the last character", good[:len(good)-1]+"\n", "malformed")
	b.text("text-nul", "a trailing zero byte", good+"\x00", "malformed")
	b.text("text-nul-newline", "a zero byte and a newline behind the code", good+"\x00\n", "malformed")
	b.text("text-symbology", "the identifier that scanners put in front of a QR code when they are set to", "]Q1"+good, "malformed")
	b.text("text-symbology-version-2", "the same in front of another version", "]Q1RG2:"+body, "malformed")
	b.text("text-space-before", "a leading space", " "+good, "malformed")
	b.text("text-space-after", "a trailing space: in the alphabet, but one too many", good+" ", "malformed")
	b.text("text-tab", "a tab inside", good[:100]+"\t"+good[101:], "malformed")
	b.text("text-percent-20", "the first space written as %20", strings.Replace(good, " ", "%20", 1), "malformed")
	b.text("text-plus-for-space", "the right length, with plus for the first space: another code", strings.Replace(good, " ", "+", 1), "link_mismatch").Now = start + 450
	b.text("text-no-break-space", "a no-break space for the first space", strings.Replace(good, " ", "\u00a0", 1), "malformed")
	b.text("text-quoted", "the code in quotation marks", `"`+good+`"`, "malformed")
	b.text("text-byte-order-mark", "a byte order mark in front", "\ufeff"+good, "malformed")
}

// alphabet adds characters outside base45, and groups whose value overflows.
func (b *builder) alphabet() {
	o := ordinary()
	good := "RG1:" + base45(o.wire(7, o.sign()))
	at := func(i int, put string) string { return good[:i] + put + good[i+len(put):] }

	b.text("alphabet-lower-case", "the whole code in lower case but for the prefix", "RG1:"+strings.ToLower(good[4:]), "malformed")
	for _, c := range []struct{ name, about, char string }{
		{"lower-a", "a lower case letter", "a"},
		{"lower-z", "a lower case letter", "z"},
		{"nul", "a zero byte", "\x00"},
		{"delete", "the last ASCII character", "\x7f"},
		{"exclamation", "the first character after the space", "!"},
		{"quote", "a quotation mark", `"`},
		{"hash", "a character just below the dollar", "#"},
		{"ampersand", "a character just above the percent", "&"},
		{"parenthesis", "a character just below the asterisk", ")"},
		{"comma", "a comma, between plus and minus", ","},
		{"semicolon", "a character just above the colon", ";"},
		{"equals", "the padding of base64", "="},
		{"at", "a character just below A", "@"},
		{"bracket", "a character just above Z", "["},
		{"underscore", "a letter of base64url", "_"},
		{"two-bytes", "a letter of two UTF-8 bytes; the length in bytes is right", "é"},
		{"full-width", "a full-width letter, three UTF-8 bytes", "Ａ"},
		{"digit-other-script", "an Arabic-Indic digit", "٣"},
	} {
		b.text("alphabet-"+c.name, c.about, at(103, c.char), "malformed")
	}
	// These texts have 192 characters after folding of case or compatibility forms.
	fold := func(name, about, from, to string) {
		text := good[:4] + strings.Replace(good[4:], from, to, 1)
		if text == good {
			panic("BUG: the ordinary code has no " + from)
		}
		b.text("alphabet-fold-"+name, about, text, "malformed")
	}
	fold("long-s", "a long s, whose upper case is S", "S", "ſ")
	fold("kelvin", "the kelvin sign, whose lower case is k", "K", "\u212a")
	fold("dotless-i", "a dotless i, whose upper case is I", "I", "ı")
	fold("sharp-s", "a sharp s, whose upper case is SS: 192 characters when folded", "SS", "ß")
	fold("full-width", "a full-width letter in place of its narrow one", "A", "Ａ")
	fold("full-width-digit", "a full-width digit in place of its narrow one", "5", "５")
	fold("arabic-digit", "an Arabic-Indic digit in place of its Western one", "5", "٥")
	fold("lower", "one letter in lower case", "K", "k")
	b.text("alphabet-first-place", "the bad character is the first", at(4, "#"), "malformed")
	b.text("alphabet-last-place", "the bad character is the last", at(len(good)-1, "#"), "malformed")
	b.text("alphabet-last-pair-first", "the bad character is the last but one", at(len(good)-2, "#"), "malformed")
	b.text("alphabet-last-pair-wraps", "the last pair is #0: with 255 for a bad character its value would just fit a byte",
		at(len(good)-2, "#0"), "malformed")

	b.text("overflow-triple-65536", "a triple GGW = 65536 does not fit two bytes", at(19, "GGW"), "malformed")
	b.text("overflow-triple-first", "the first triple is ::: = 91124", at(4, ":::"), "malformed")
	b.text("overflow-triple-last", "the last triple is ::: = 91124", at(len(good)-5, ":::"), "malformed")
	b.text("overflow-pair-256", "the last pair V5 = 256 does not fit one byte", at(len(good)-2, "V5"), "malformed")
	b.text("overflow-pair-2024", "the last pair :: = 2024", at(len(good)-2, "::"), "malformed")
}
