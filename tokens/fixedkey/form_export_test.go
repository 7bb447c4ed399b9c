package fixedkey

// FormCount lets tests iterate over all forms, including new ones.
const FormCount = formCount
