"""The words of the sign-in, of people and their tokens, and of what the frame says about them."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "nav.people": ("کاربران", "People"),
    "sign_in": ("ورود", "Sign in"),
    "sign_out": ("خروج", "Sign out"),
    "sign_in.ended": (
        "نشست شما به پایان رسیده است؛ آنچه پس از آن فرستاده‌اید انجام نشده است. "
        "دوباره وارد شوید؛ به همان صفحه برمی‌گردید.",
        "Your sign-in has ended. Nothing that you sent after that was done. "
        "Sign in again, and you come back to the same page.",
    ),
    "sign_in.added": (
        "کاربر ساخته شد. از این پس همه باید وارد شوند؛ با همین کاربر وارد شوید.",
        "The user is added. From now on everybody signs in: sign in as this user.",
    ),
    "sign_in.failed": ("نام یا گذرواژه درست نیست.", "The name or the password is not right."),
    "sign_in.too_often": (
        "تلاش‌های ناموفق زیاد بوده است. {} ثانیه صبر کنید و دوباره بیازمایید.",
        "Too many tries have failed. Wait {} seconds, then try again.",
    ),
    "sign_in.help": (
        "اگر گذرواژه را فراموش کرده‌اید، مدیر می‌تواند گذرواژهٔ تازه‌ای برایتان بگذارد.",
        "If you have forgotten the password, an admin can give you a new one.",
    ),
    "people.open": (
        "هنوز کاربری تعریف نشده است؛ هر کس به این نشانی برسد، به همه چیز دسترسی دارد.",
        "There are no users yet: whoever reaches this address may do everything.",
    ),
    "people.open.add": ("کاربر اضافه کنید", "Add a user"),
    "role.viewer": ("بیننده", "viewer"),
    "role.operator": ("متصدی", "operator"),
    "role.admin": ("مدیر", "admin"),
    "role.viewer.note": (
        "همه چیز را می‌بیند؛ نام و نشانی مشتریان پوشیده است.",
        "sees everything; customers' names and addresses are masked.",
    ),
    "role.operator.note": (
        "مشتریان را کامل می‌بیند، خطاها را رسیدگی و همگام‌سازی را درخواست می‌کند.",
        "sees customers in full, settles what failed, and asks for syncs.",
    ),
    "role.admin.note": (
        "همه کار می‌کند؛ وارد کردن مشتریان، وب‌هوک‌ها و کاربران نیز با اوست.",
        "does everything, imports, webhooks and people included.",
    ),
    "me": ("حساب من", "My account"),
    "me.password": ("تغییر گذرواژه", "Change the password"),
    "me.present": ("گذرواژهٔ کنونی", "Present password"),
    "me.again": ("گذرواژهٔ تازه، دوباره", "New password, again"),
    "me.note": (
        "با تغییر گذرواژه، در دستگاه‌های دیگر باید دوباره وارد شوید.",
        "On other devices you will have to sign in again.",
    ),
    "me.done": ("گذرواژه عوض شد.", "The password is changed."),
    "me.no_password": (
        "گذرواژه از آنِ کسی است که با نام خودش وارد شده باشد.",
        "Only who has signed in with a name has a password.",
    ),
    "people.name": ("نام کاربری", "Name"),
    "people.role": ("نقش", "Role"),
    "people.since": ("تاریخ افزودن", "Added"),
    "people.password": ("گذرواژه", "Password"),
    "people.new_password": ("گذرواژهٔ تازه", "New password"),
    "people.password.hint": ("دست‌کم ۱۰ نویسه", "at least 10 characters"),
    "people.change": ("تغییر", "Change"),
    "people.save": ("ذخیره", "Save"),
    "people.save_role": ("ذخیرهٔ نقش", "Save the role"),
    "people.save_password": ("ذخیرهٔ گذرواژه", "Save the password"),
    "people.add": ("افزودن کاربر", "Add a user"),
    "people.remove": ("حذف کاربر…", "Remove…"),
    "people.remove.note": (
        "بی‌درنگ از همه‌جا خارج می‌شود و دیگر نمی‌تواند وارد شود.",
        "signed out everywhere at once, and cannot sign in again.",
    ),
    "people.remove.tokens": (
        "توکن‌هایی که ساخته است نیز باطل می‌شوند و برنامه‌هایی که آن‌ها را دارند بیرون می‌مانند:",
        "The tokens that this person made are revoked too, and the programs that have them are locked out:",
    ),
    "people.remove.sure": ("بله، حذف شود", "Yes, remove"),
    "people.nobody": ("کاربر بدون ورود", "somebody without a sign-in"),
    "people.none": (
        "هنوز کاربری نیست. نخستین کاربر باید مدیر باشد؛ پس از آن ورود برای همه لازم است.",
        "There are no users yet. The first one has to be an admin; from then on everybody has to sign in.",
    ),
    "people.done.added": ("کاربر افزوده شد.", "The user is added."),
    "people.done.role": ("نقش عوض شد.", "The role is changed."),
    "people.done.password": (
        "گذرواژه عوض شد و نشست‌های کاربر پایان یافت.",
        "The password is changed, and the user's sessions have ended.",
    ),
    "people.done.removed": ("کاربر حذف شد.", "The user is removed."),
    "people.done.revoked": ("توکن باطل شد.", "The token is revoked."),
    "people.not.name_wrong": (
        "نام باید ۱ تا ۶۰ نویسه و بدون دونقطه باشد و local یا monitoring نباشد.",
        "A name has 1 to 60 characters and no colon, and is not local or monitoring.",
    ),
    "people.not.name_taken": (
        "این نام پیش‌تر گرفته شده است، شاید با نگارشی دیگر.",
        "This name is taken, perhaps in another spelling.",
    ),
    "people.not.role_wrong": ("نقش را از فهرست برگزینید.", "Choose the role from the list."),
    "people.not.too_short": ("گذرواژه باید دست‌کم ۱۰ نویسه باشد.", "A password has at least 10 characters."),
    "people.not.too_long": ("گذرواژه باید حداکثر ۲۰۰ نویسه باشد.", "A password has at most 200 characters."),
    "people.not.wrong_present": ("گذرواژهٔ کنونی درست نیست.", "The present password is not right."),
    "people.not.different": ("دو گذرواژه یکسان نیستند.", "The two passwords are not the same."),
    "people.not.unknown": (
        "چنین موردی دیگر وجود ندارد؛ شاید همکاری زودتر آن را حذف کرده است.",
        "This is not there any more; perhaps a colleague was faster.",
    ),
    "people.not.first_admin": ("نخستین کاربر باید مدیر باشد.", "The first user has to be an admin."),
    "people.not.last_admin": (
        "مدیر دیگری نیست؛ دست‌کم یک مدیر باید بماند.",
        "There is no other admin, and one has to stay.",
    ),
    "people.not.last_user": (
        "آخرین کاربر تنها با فرمان حذف می‌شود، چون پس از آن صفحه‌ها برای همه باز است.",
        "The last user is removed by a command only, because the pages are open to all after that.",
    ),
    "people.not.maker_removed": (
        "سازندهٔ این توکن حذف شده است و توکن اعتباری نمی‌داشت.",
        "Who makes this token was removed, so it would not count.",
    ),
    "tokens": ("توکن‌های API", "API tokens"),
    "tokens.name": ("نام", "Name"),
    "tokens.note": ("برای برنامه‌ها؛ در هر درخواست بفرستید:", "For programs; send with each request:"),
    "tokens.bound": (
        "اختیار هر توکن هیچ‌گاه بیش از نقش کنونی سازندهٔ آن نیست.",
        "A token may never do more than the present role of who made it.",
    ),
    "tokens.counts_as": ("اکنون در حد {}", "counts as {} now"),
    "tokens.maker_removed": ("بی‌اعتبار؛ سازنده حذف شده است", "does not count: its maker was removed"),
    "tokens.by": ("سازنده", "Made by"),
    "tokens.used": ("آخرین استفاده", "Last used"),
    "tokens.unused": ("هرگز", "never"),
    "tokens.none": ("هنوز توکنی ساخته نشده است.", "There are no tokens yet."),
    "tokens.add": ("ساختن توکن", "Make a token"),
    "tokens.made": ("توکن ساخته شد", "The token is made"),
    "tokens.once": (
        "همین حالا آن را بردارید؛ دیگر نشان داده نمی‌شود.",
        "Copy it now; it is not shown again.",
    ),
    "tokens.revoke": ("ابطال", "Revoke"),
    "tokens.revoke.note": (
        "برنامه‌ای که آن را دارد، بی‌درنگ بیرون می‌ماند.",
        "The program that has it is locked out at once.",
    ),
}
