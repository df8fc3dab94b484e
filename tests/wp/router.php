<?php
// Permalinks for PHP's own server, and faults that a test asks for.
$folder = getenv('TL_FOLDER');
$root = $_SERVER['DOCUMENT_ROOT'];
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$fault = is_file("$folder/fault") ? file_get_contents("$folder/fault") : '';
if ($fault === 'maintenance') {
    unlink("$folder/fault");
    header('Content-Type: text/html; charset=utf-8');
    echo '<html><body>Briefly unavailable for scheduled maintenance.</body></html>';
    return true;
}
if ($fault === 'lost' && $_SERVER['REQUEST_METHOD'] !== 'GET') {
    unlink("$folder/fault");
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
if ($path !== '/' && is_file($root . $path) && !str_ends_with($path, '.php')) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
$_SERVER['PHP_SELF'] = '/index.php';
chdir($root);
require "$root/index.php";
