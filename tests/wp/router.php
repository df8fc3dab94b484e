<?php
// Permalinks for PHP's own server, and faults that a test asks for.
$folder = getenv('TL_FOLDER');
$root = $_SERVER['DOCUMENT_ROOT'];
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
// One person's faults, so that tests do each other no harm: "lost 2" or "maintenance 1", which of the next calls that are meant.
$note = "$folder/fault-" . sha1($_SERVER['HTTP_AUTHORIZATION'] ?? '');
[$fault, $left] = is_file($note) ? explode(' ', file_get_contents($note)) : ['', 0];
if ($fault === 'maintenance' || (in_array($fault, ['lost', 'held'], true) && $_SERVER['REQUEST_METHOD'] !== 'GET')) {
    $left > 1 ? file_put_contents($note, "$fault " . ($left - 1)) : unlink($note);
    $fault = $left > 1 ? '' : $fault;
} else {
    $fault = '';
}
if ($fault === 'maintenance') {
    header('Content-Type: text/html; charset=utf-8');
    echo '<html><body>Briefly unavailable for scheduled maintenance.</body></html>';
    return true;
}
if ($fault === 'lost') {
    // Everything is committed by then; the answer is shorter than it says, which is a connection cut on the way.
    ob_start();
    register_shutdown_function(function () {
        while (ob_get_level()) {
            ob_end_clean();
        }
        header('Content-Type: application/json');
        header('Content-Length: 100000');
        echo '{"id":';
    });
}
if ($fault === 'held') {
    // Everything is committed by then; whoever asked is kept waiting until the test has seen it, and lets go.
    ignore_user_abort(true);
    ob_start();
    register_shutdown_function(function () use ($note) {
        touch("$note-held");
        for ($end = time() + 120; is_file("$note-held") && time() < $end; clearstatcache()) {
            usleep(20000);
        }
    });
}
if ($path !== '/' && is_file($root . $path) && !str_ends_with($path, '.php')) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
$_SERVER['PHP_SELF'] = '/index.php';
chdir($root);
require "$root/index.php";
