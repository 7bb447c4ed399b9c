package account

import "strings"

// commonWords are what people choose who want no password: written down by us
// from what everybody knows, and short on purpose, since the failures that lock
// an account leave a guesser no more than a few of them. Lower-case letters only.
var commonWords = set(`
	password passwort passwd pass passw admin administrator root user guest test tester login welcome
	letmein changeme secret default master access hello iloveyou ilove loveyou love lover forever
	woaini woaiwo aini wode mima wodemima nihao xiexie baobei laopo laogong mama baba
	qwerty qwertyui qwertyuiop qwert asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wsx
	qwe asd zxc qaz abc abcd abcde abcdef abcdefg aaa aaaaaa a aa as qq qweasd qweasdzxc
	dragon monkey sunshine princess football baseball superman batman summer winter spring autumn
	china beijing shanghai zhongguo railway train huoche tielu gaotie chunyun computer internet samsung
	huawei xiaomi iphone apple google wechat weixin alipay taobao`)

// keyRuns are rows of keys and of the alphabet, forwards and backwards.
var keyRuns = []string{
	"qwertyuiopasdfghjklzxcvbnm", "mnbvcxzlkjhgfdsapoiuytrewq",
	"abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujmikolp",
	"1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "a1b2c3d4e5f6g7h8", "1a2b3c4d5e6f7g8h",
	"!@#$%^&*()_+", "1!2@3#4$5%6^7&8*9(0)",
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
