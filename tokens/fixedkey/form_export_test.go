package fixedkey

// FormCount lets tests go through every form, so that a new one is tested
// without being named anywhere.
const FormCount = formCount
