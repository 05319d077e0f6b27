"""Python runs this file before a stage (`python -m stages.NAME`), and so before NumPy.

Each stage is a StageCommand, which fails if its code or its parameters are edited meanwhile.
"""

from digits.core.rounding import fix_rounding
from digits.running.edits import end_on_ctrl_c, record_code

end_on_ctrl_c()
record_code()
fix_rounding()
